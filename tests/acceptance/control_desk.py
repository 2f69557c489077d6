"""A desk of the control room for browser tests: a house, devices that speak, one console page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from tests.acceptance.browser import Page, browser
from tests.acceptance.house import House, JsonObject, eventually
from tests.acceptance.panel import CITIZEN_TOPIC, FIRE_TOPIC, Panel

WARD, WARD_NAME = "05443", "P. Phan Đình Phùng"
LAT, LON = 21.59, 105.84
#: A metre of latitude, in degrees.
METRE = 1 / 111_195
CAMERA_TOPIC = "ioc.camera.v1"
OPERATOR = "Trực ban 1"
RAISED_WITHIN_S = 20.0
TABS_MAX = 60
#: Two browsers and a house on a machine of two cores: modules come one by one.
OPENED_WITHIN_S = 40.0


@dataclass
class Desk:
    """What a person at the desk sees and does, and what happens in the province meanwhile."""

    house: House
    page: Page
    panel: Panel

    # -- the province --

    def say(self, kind: str, topic: str, data: JsonObject, **attributes: str) -> None:
        """Let a device speak."""
        where = {"lat": LAT, "lon": LON, **data}
        self.panel.publish(self.panel.event(kind, where, area=WARD, **attributes), topic)

    def fire(self, device: str, state: str = "alarm", **data: Any) -> JsonObject:
        """Let a detector report; return its alarm, once it is open."""
        said = {"kind": "smoke", "state": state, **data}
        self.say("ioc.fire.reading", FIRE_TOPIC, said, device=device)
        return self.alarm_of(device)

    def camera(self, device: str, label: str = "person", **data: Any) -> None:
        """Let a camera see something that raises no alarm."""
        said = {"label": label, "phase": "new", **data}
        self.say("ioc.camera.alert", CAMERA_TOPIC, said, device=device)

    def citizen(self, report: str, **data: Any) -> None:
        """Let a citizen report something."""
        said = {"report": report, "category": "fire", "status": "open", **data}
        self.say("ioc.citizen.report", CITIZEN_TOPIC, said)

    def alarm_of(self, device: str) -> JsonObject:
        """Return the open alarm of a device."""

        def look() -> JsonObject | None:
            found = self.house.get("/alarms", limit=1000)["alarms"]
            return next((one for one in found if one["device"] == device), None)

        return eventually(look, RAISED_WITHIN_S, f"an alarm of {device}")

    def move(self, alarm: str, name: str, by: str = "Trần Văn Đức", **body: Any) -> JsonObject:
        """Let somebody else move an alarm."""
        answer = self.house.post(f"/alarms/{alarm}/{name}", {"by": by, **body})
        assert answer.status_code in {200, 202}, answer.text
        found: JsonObject = answer.json()
        return found

    def steps(self, alarm: str) -> list[tuple[str, str | None]]:
        """Return the life of an alarm as the API tells it."""
        return [
            (each["type"], each["by"]) for each in self.house.get(f"/alarms/{alarm}/log")["log"]
        ]

    # -- the desk --

    def open(self, query: str) -> None:
        """Open the console at an address, as the operator of this desk."""
        self.page.open(f"{self.house.url}/console{query}")
        self.page.script("localStorage.setItem('ioc.operator', arguments[0])", OPERATOR)
        self.page.until_live()
        self.page.until(lambda: self.page.data("main", "page"), "a page", OPENED_WITHIN_S)

    def tab_to(self, selector: str, back: bool = False) -> None:
        """Press Tab until the focus is on, or inside, what matches."""
        for _ in range(TABS_MAX):
            inside = "return document.activeElement.closest(arguments[0]) !== null"
            if self.page.script(inside, selector):
                return
            self.page.press("Shift+Tab" if back else "Tab")
        raise AssertionError(f"Tab does not lead to {selector}; it is at {self.page.focused()}")

    def press_on(self, selector: str, back: bool = False) -> None:
        """Go to a button with Tab, or backwards, and press it with Enter."""
        self.page.until_shown(selector, OPENED_WITHIN_S)
        self.tab_to(selector, back)
        self.page.press("Enter")

    def until_text(self, selector: str, text: str) -> None:
        """Wait until what matches says something."""
        self.page.until(
            lambda: text in self.page.text(selector), f"{text!r} in {selector}", OPENED_WITHIN_S
        )

    def calm(self) -> None:
        """Let nothing be open or hidden any more, as at the beginning of a test."""
        for one in self.house.get("/approvals", state="pending")["approvals"]:
            self.house.post(f"/approvals/{one['id']}/reject", {"by": "x"})
        for one in self.house.get("/suppressions", state="live")["suppressions"]:
            self.house.post(f"/suppressions/{one['id']}/end", {"by": "x"})
        for one in self.house.get("/incidents")["incidents"]:
            self.house.post(f"/incidents/{one['id']}/close", {"by": "x", "code": "test"})
        for one in self.house.get("/alarms", limit=1000)["alarms"]:
            self.house.post(f"/alarms/{one['id']}/close", {"by": "x", "code": "test"})


@contextmanager
def control_desk(house: House, profile: Path) -> Iterator[Desk]:
    """Open a desk; at its end the browser has nothing to complain of and spoke to us alone."""
    name = f"desk-{uuid4().hex[:8]}"
    with Panel(house.kafka, name) as panel, browser(profile) as page:
        yield Desk(house, page, panel)
        assert page.complaints() == []
        assert page.hosts() == {urlsplit(house.url).netloc}
