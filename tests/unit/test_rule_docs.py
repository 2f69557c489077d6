"""The examples and the words of docs/rules.md and docs/rules/ are true."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ioc.rule import EMPTY, Kind, Per, Raise, Rule, due, evaluate, load, shipped
from ioc.rule.kinds import EVENT_KINDS
from ioc.rule.load import RULES_MAX
from ioc.rule.reading import COUNT_MAX, KINDS
from ioc.rule.when import DEPTH_MAX, TESTS_MAX
from ioc.rule.window import MARKS_MAX

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "rules.md").read_text(encoding="utf-8")
#: A page for each kind.
KIND_PAGES = {
    kind: (DOCS / "rules" / f"{kind}.md").read_text(encoding="utf-8")
    for kind in Kind
    if (DOCS / "rules" / f"{kind}.md").exists()
}
_EXAMPLE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)
EXAMPLES = {kind: _EXAMPLE.findall(page) for kind, page in KIND_PAGES.items()}
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    """An event that an example speaks of."""

    type: str
    kind: str
    data: dict[str, object]
    time: datetime
    source: str = "any"
    area: str | None = "05443"
    device: str | None = "d-1"
    severity: str | None = None
    ce_source: str = "/s"
    ce_id: str = "e"

    @property
    def received_at(self) -> datetime:
        return self.time


def example(name: str) -> Rule:
    for kind, texts in EXAMPLES.items():
        for text in texts:
            for rule in load(text, f"docs/rules/{kind}.md").rules:
                if rule.id == name:
                    return rule
    raise AssertionError(f"docs/rules/ has no rule {name}")


def told(rule: Rule, events: list[Event]) -> list[str]:
    window, words = EVENT_KINDS[rule.kind].empty, []
    for event in events:
        window, verdicts = evaluate(rule, window, event)
        words += [
            f"{type(each).__name__.lower()} {(each.at - NOON) // timedelta(minutes=1)}"
            for each in verdicts
        ]
    return words


def gas(minute: int, state: str) -> Event:
    time = NOON + timedelta(minutes=minute)
    return Event("ioc.fire.reading", "gas", {"kind": "gas", "state": state}, time)


def crowd(minute: int, score: float = 0.9, phase: str = "new") -> Event:
    time = NOON + timedelta(minutes=minute)
    data: dict[str, object] = {"label": "crowd", "score": score, "phase": phase}
    return Event("ioc.camera.alert", "crowd", data, time)


def test_every_kind_that_can_be_written_has_a_page() -> None:
    assert set(KIND_PAGES) == set(KINDS) == set(Kind)
    assert all(f"[`{kind}`](rules/{kind}.md)" in PAGE for kind in KINDS)


@pytest.mark.parametrize("kind", KIND_PAGES)
def test_every_kind_has_an_example_and_every_example_is_right(kind: Kind) -> None:
    assert KIND_PAGES[kind].startswith(f"# Kind `{kind}`\n")
    rules = [rule for text in EXAMPLES[kind] for rule in load(text, f"docs/rules/{kind}.md").rules]
    assert {rule.kind for rule in rules} == {kind}


def test_the_match_example_does_what_the_page_says() -> None:
    rule = example("warehouse-gas")
    assert told(rule, [gas(0, "test"), gas(1, "alarm"), gas(2, "normal")]) == ["raise 1", "clear 2"]
    elsewhere = Event("ioc.fire.reading", "gas", gas(0, "alarm").data, NOON, area="05444")
    assert told(rule, [elsewhere]) == []


def test_the_count_example_does_what_the_page_says() -> None:
    rule = example("crowd-at-market")
    assert told(rule, [crowd(0), crowd(1), crowd(2), crowd(10)]) == ["raise 10"]
    assert told(rule, [crowd(0), crowd(1), crowd(2), crowd(11)]) == []
    assert told(rule, [crowd(0), crowd(1, score=0.5), crowd(2, phase="end"), crowd(3)]) == []
    assert told(rule, [crowd(minute) for minute in (0, 1, 2, 3, 18, 40)]) == [
        *("raise 3", "raise 18", "clear 33")
    ]


def warm(minute: int, value: float) -> Event:
    time = NOON + timedelta(minutes=minute)
    data: dict[str, object] = {"kind": "temperature", "state": "normal", "value": value}
    return Event("ioc.fire.reading", "temperature", data, time)


def trouble(minute: int, state: str = "trouble") -> Event:
    return gas(minute, state)


def test_the_threshold_example_does_what_the_page_says() -> None:
    rule = example("cold-store-warm")
    assert told(rule, [warm(0, 9), warm(9, 8.5), warm(11, 9)]) == ["pending 10", "raise 11"]
    assert told(rule, [warm(0, 9), warm(5, 6), warm(11, 9), warm(20, 9)]) == []
    assert told(rule, [warm(0, 9), warm(12, 7), warm(13, 6), warm(15, 5)]) == [
        *("pending 10", "clear 15")
    ]
    assert [rule.severity_of(warm(0, value)) for value in (9, 15)] == ["medium", "high"]


def test_the_duration_example_does_what_the_page_says() -> None:
    rule = example("trouble-all-day")
    assert told(rule, [trouble(0), trouble(300), trouble(500)]) == ["pending 480", "raise 500"]
    assert told(rule, [trouble(0), trouble(300, "restore"), trouble(310), trouble(500)]) == []
    assert due(rule, evaluate(rule, EVENT_KINDS[rule.kind].empty, trouble(0))[0]) == (
        NOON + timedelta(hours=8)
    )


def test_the_sequence_example_does_what_the_page_says() -> None:
    rule = example("heat-then-smoke")

    def heat(minute: int) -> Event:
        data: dict[str, object] = {"kind": "heat", "state": "alarm"}
        return Event("ioc.fire.reading", "heat", data, NOON + timedelta(minutes=minute))

    def smoke(minute: int) -> Event:
        time = NOON + timedelta(minutes=minute)
        return Event("ioc.camera.alert", "smoke", {"label": "smoke"}, time)

    assert told(rule, [heat(0), smoke(9), smoke(20)]) == ["raise 9", "raise 20"]
    assert told(rule, [smoke(0), heat(1), smoke(12)]) == []


def test_a_page_s_titles_are_filled_in() -> None:
    event = gas(0, "alarm")
    _, verdicts = evaluate(example("warehouse-gas"), EMPTY, event)
    assert isinstance(verdicts[0], Raise)
    title = verdicts[0].rule.title.of(event, "Phường Tích Lương", 1)
    assert title == "Rò khí gas tại kho d-1, Phường Tích Lương"


@pytest.mark.parametrize("per", Per)
def test_every_key_is_named(per: Per) -> None:
    assert f"`{per.value}`" in PAGE


@pytest.mark.parametrize("key", sorted({key for r in shipped().rules for key in r.plain}))
def test_every_key_of_the_shipped_rules_is_named(key: str) -> None:
    assert f"`{key}`" in PAGE


def test_the_bounds_on_the_page_are_the_bounds() -> None:
    assert f"(2 to {COUNT_MAX})" in KIND_PAGES[Kind.COUNT]
    assert f"{RULES_MAX:,} rules" in PAGE
    assert f"{TESTS_MAX} tests and {DEPTH_MAX} levels" in PAGE
    assert f"at most {MARKS_MAX} marks" in PAGE
