"""The alarm list of the console as a person sees it, and alarms to fill it with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from connectors.timescale.alarms import move
from connectors.timescale.database import Database
from ioc import alarm as life
from ioc import clock
from ioc.alarm import ClosingCode
from tests.acceptance.browser import LOADED_WITHIN_S, Page
from tests.acceptance.house import House
from tests.views_server import raise_alarms

OPERATOR = "Nguyễn Thị Hằng"
#: What a row's state is called in a row's hook once it has ended.
OVER = "normal"
_ROWS = """
const lines = [...document.querySelectorAll('[data-alarm]')];
return lines.filter((e) => e.checkVisibility()).map((e) => {
  const box = e.getBoundingClientRect();
  const seen = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  const { alarm, kind, priority, state, pending, gone, focused, outlined } = e.dataset;
  return { id: alarm, kind, priority: Number(priority), state, pending, gone: gone === 'true',
    focused: focused === 'true', outlined: outlined === 'true', top: box.top, text: e.innerText,
    selected: e.getAttribute('aria-selected') === 'true', seen: e.contains(seen) };
})
"""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the document; `seen`: its middle is on the screen, nothing lies over it."""

    id: str
    kind: str
    priority: int
    state: str
    pending: str
    gone: bool
    focused: bool
    outlined: bool
    top: float
    text: str
    selected: bool
    seen: bool


class AlarmListPage:
    """The page of alarms; `url` may be that of a cable to the house."""

    def __init__(self, page: Page, house: House) -> None:
        self.page = page
        self.house = house

    def open(self, url: str = "", **query: str) -> None:
        """Open the list as the operator, and wait until it is live and all is here."""
        base = url or self.house.url
        self.page.open(f"{base}/console?{urlencode({'page': 'alarms', **query})}")
        if self.page.script("return localStorage.getItem('ioc.operator')") != OPERATOR:
            self.page.script("localStorage.setItem('ioc.operator', arguments[0])", OPERATOR)
        self.page.until_live()
        self.page.until_shown("[data-part=grid]", LOADED_WITHIN_S)
        self.page.until(lambda: self.page.data(".hidden-line", "shown"), "the counts")

    def lines(self) -> list[Line]:
        return [Line(**found) for found in self.page.script(_ROWS)]

    def line(self, alarm_id: UUID | str) -> Line | None:
        return next((line for line in self.lines() if line.id == str(alarm_id)), None)

    def until_line(self, alarm_id: UUID | str, **wanted: Any) -> Line:
        """Wait until an alarm's line is there and is as wanted."""

        def look() -> Line | None:
            line = self.line(alarm_id)
            is_so = line and all(getattr(line, name) == value for name, value in wanted.items())
            return line if is_so else None

        return self.page.until(look, f"the line of {alarm_id} with {wanted}; {self.line(alarm_id)}")

    def count(self, name: str) -> int:
        """Return a count of the hidden line: value (hidden), filtered, shown."""
        return int(self.page.data("[data-count=hidden]", name) or -1)

    def arrived(self) -> int:
        """Return how many alarms wait for `r`."""
        return int(self.page.data("[data-command=bring_in]", "count") or 0)

    def focus(self, alarm_id: UUID | str) -> Line:
        """Click an alarm's line, where nothing else is meant."""
        self.until_line(alarm_id, seen=True)
        self.page.script(
            "document.querySelector(`[data-alarm='${arguments[0]}'] .title`).click()", str(alarm_id)
        )
        return self.until_line(alarm_id, focused=True)

    def toasts(self) -> list[str]:
        """Return the keys of the sentences that are said now."""
        return list(
            self.page.script(
                "return [...document.querySelectorAll('[data-toast]')].map((e) => e.dataset.toast)"
            )
        )

    def until_toast(self, key: str) -> str:
        """Wait for a sentence; return its words."""
        self.page.until(lambda: key in self.toasts(), f"{key} said; {self.toasts()}")
        return self.page.text(f"[data-toast='{key}'] span")


def one(database: Database, **fields: Any) -> str:
    """Raise an alarm that is alone in its group, so that no flood folds it."""
    rule = fields.pop("rule", f"rule-{clock.now().timestamp()}")
    (found,) = raise_alarms(database, rule=rule, **fields)
    return str(found)


def close_all(database: Database) -> None:
    """End every open alarm: the next test begins with a quiet day."""
    with database.reading() as conn:
        found = [row["id"] for row in conn.execute("SELECT id FROM alarms WHERE ended_at IS NULL")]
    for alarm_id in found:
        move(database, alarm_id, lambda a: life.close(a, ClosingCode.TEST, "test", clock.now()))
