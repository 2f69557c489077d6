"""The examples of the pages about hiding and floods are read by the product itself."""

from __future__ import annotations

import re
from pathlib import Path

from ioc.philosophy.reading import load
from ioc.rule.document import Fields, read
from ioc.rule.notes import Notes
from ioc.suppression import Kind
from ioc.suppression.reading import read_inhibitions, read_plant_states, read_windows

REPO = Path(__file__).parents[2]
_YAML = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def example(page: str) -> str:
    found = _YAML.search((REPO / "docs" / page).read_text("utf-8"))
    assert found, f"docs/{page} has no example"
    return found[1]


def test_the_example_of_what_hides_is_read() -> None:
    root = read(example("suppression.md"))
    assert isinstance(root, Fields)
    notes = Notes("suppression.md")
    inhibitions = read_inhibitions(root.entries["inhibitions"], notes)
    states = read_plant_states(root.entries["plant_states"], notes)
    windows = read_windows(root.entries["maintenance"], notes)
    assert notes.problems == []
    assert [each.id for each in inhibitions] == ["lamp-by-panel"]
    assert [each.id for each in states] == ["drill"]
    assert [each.id for each in windows] == ["panel-test"]
    assert windows[0].recurrence is not None
    assert windows[0].start.utcoffset() is not None


def test_the_example_of_a_philosophy_is_read() -> None:
    found = load(example("floods.md"), "floods.md")
    assert [position.id for position in found.positions] == ["town", "fire", "main"]


def test_every_kind_of_suppression_is_on_its_page() -> None:
    page = (REPO / "docs/suppression.md").read_text("utf-8")
    assert [kind for kind in Kind if f"| `{kind}` |" not in page] == []


def test_what_is_wrong_in_a_file_is_said_with_its_line() -> None:
    for key, reader, text, said in (
        ("inhibitions", read_inhibitions, "[{id: a, parent: {rules: [x]}}]", "lacks hides"),
        (
            "inhibitions",
            read_inhibitions,
            "[{id: a, parent: {rules: [x]}, hides: {areas: ['05443']}}]",
            "go in a circle",
        ),
        (
            "inhibitions",
            read_inhibitions,
            "[{id: a, parent: {rules: [x]}, hides: {}}]",
            "every alarm",
        ),
        (
            "inhibitions",
            read_inhibitions,
            "[{id: a, parent: {rules: [x]}, hides: {rules: [y]}, equal: [colour]}]",
            "cannot be 'colour'",
        ),
        (
            "plant_states",
            read_plant_states,
            "[{id: a, title: A, hides: {rules: [x]}, longest: 8d}]",
            "out of range",
        ),
        (
            "maintenance",
            read_windows,
            "[{id: a, hides: {rules: [x]}, start: soon, lasts: 1h, reason: r}]",
            "local day and minute",
        ),
        (
            "maintenance",
            read_windows,
            "[{id: a, hides: {rules: [x]}, start: '9999-12-31T23:59', lasts: 1h,"
            " recurrence: FREQ=DAILY, reason: r}]",
            "a year from 2000 to 2199",
        ),
        (
            "maintenance",
            read_windows,
            "[{id: a, hides: {rules: [x]}, start: '2026-11-28T08:00', lasts: 25h,"
            " recurrence: FREQ=DAILY, reason: r}]",
            "before one is over",
        ),
        (
            "maintenance",
            read_windows,
            "[{id: a, hides: {severities: [worst]}, start: '2026-11-28T08:00', lasts: 1h,"
            " reason: r}]",
            "cannot be 'worst'",
        ),
    ):
        root = read(f"# a comment\n{key}:\n  {text}\n")
        assert isinstance(root, Fields)
        notes = Notes("site.yaml")
        assert list(reader(root.entries[key], notes)) == [], text
        assert [problem.line for problem in notes.problems] == [3], (text, notes.problems)
        assert said in notes.problems[0].text, notes.problems
