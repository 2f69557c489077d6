"""Rules about time: what is found, what that changes, and what was never silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.alarm import occurrence_id
from ioc.rule.absence import (
    Absence,
    Coverage,
    Listening,
    enough_silent,
    gap_max,
    is_blind,
    is_deaf,
    listened,
    longer_than,
    read_absence,
)
from ioc.rule.condition import Condition, all_of, compares, equals
from ioc.rule.definition import Case, Kind, Per, Rule
from ioc.rule.document import Fields, read
from ioc.rule.findings import blind_areas, unusual
from ioc.rule.notes import Notes
from ioc.rule.rate import (
    Count,
    Rate,
    baseline,
    is_unusual,
    listened_from,
    read_rate,
    spans,
)
from ioc.rule.scan import Finding, Notice, Stored, asked, changes, grid_point, step
from ioc.rule.scan_part import EVERYTHING, read_part
from ioc.rule.sla import Sla
from ioc.rule.title import Title
from ioc.rule.verdict import Clear, Raise
from ioc.severity import Severity

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
#: Medium from ten on, high from twenty.
CASES = (
    Case(Severity.HIGH, compares("n", "ge", 20)),
    Case(Severity.MEDIUM, compares("n", "ge", 10)),
)


def scan_rule(
    of: object,
    *,
    kind: Kind = Kind.SLA,
    per: tuple[Per, ...] = (Per.OFFICE,),
    when: Condition = EVERYTHING,
    cases: tuple[Case, ...] = CASES,
) -> Rule:
    return Rule(
        id="late",
        title=Title("Quá hạn: {office}"),
        title_en=Title("Overdue: {office}", "en"),
        source="queue",
        type="ioc.queue.ticket",
        kind=kind,
        when=when,
        per=per,
        severity=Severity.LOW,
        cases=cases,
        of=of,
    )


RULE = scan_rule(Sla(is_past=True))


def finding(key: str, n: int = 1, since: datetime = NOON) -> Finding:
    return Finding(key, since, "05443", data={"n": n, "office": key})


def said(verdicts: Sequence[Raise | Clear]) -> list[tuple[str, str]]:
    return [(type(each).__name__, each.key) for each in verdicts]


# What a scan changes ----------------------------------------------------------------------------


def test_what_is_new_is_raised_and_what_is_gone_is_cleared() -> None:
    stored = {"a": (NOON, Severity.LOW), "b": (NOON, Severity.LOW)}
    at = NOON + HOUR
    verdicts, to_store, more = changes(RULE, stored, [finding("b"), finding("c")], at, 500)
    assert said(verdicts) == [("Clear", "a"), ("Raise", "c")]
    assert to_store == {"a": None, "c": (NOON, Severity.LOW)}
    assert not more
    assert [each.at for each in verdicts] == [at, NOON], "an end is now, a beginning was then"


def test_a_finding_that_goes_on_says_nothing() -> None:
    stored = {"a": (NOON, Severity.LOW)}
    later = finding("a", n=3, since=NOON + MINUTE)
    assert changes(RULE, stored, [later], NOON + HOUR, 500) == ([], {}, False)


@pytest.mark.parametrize(("was", "n"), [(Severity.LOW, 20), (Severity.HIGH, 10)])
def test_another_severity_is_a_word_of_this_moment(was: Severity, n: int) -> None:
    at = NOON + HOUR
    stored = {"a": (NOON, was)}
    (verdict,), to_store, _ = changes(RULE, stored, [finding("a", n)], at, 500)
    assert isinstance(verdict, Raise)
    assert verdict.at == verdict.fact.time == at
    assert RULE.severity_of(verdict.fact) is (Severity.HIGH if n >= 20 else Severity.MEDIUM)
    assert to_store["a"] == (NOON, RULE.severity_of(verdict.fact)), "it began when it began"


_FINDINGS = st.dictionaries(
    st.sampled_from("abcdef"),
    st.builds(lambda n, m: (n, NOON + m * MINUTE), st.sampled_from([1, 10, 20]), st.integers(0, 9)),
)


@given(st.lists(_FINDINGS, max_size=6), st.integers(1, 4))
def test_page_by_page_the_stored_findings_become_those_that_are_true(
    scans: list[dict[str, tuple[int, datetime]]], most: int
) -> None:
    stored: dict[str, tuple[datetime, Severity]] = {}
    active: dict[str, Severity] = {}
    for number, scan in enumerate(scans):
        found = [finding(key, n, since) for key, (n, since) in scan.items()]
        at, more = NOON + (number + 1) * HOUR, True
        before = dict(stored)
        while more:
            verdicts, to_store, more = changes(RULE, stored, found, at, most)
            assert len(to_store) <= most
            for verdict in verdicts:
                if isinstance(verdict, Raise):
                    active[verdict.key] = RULE.severity_of(verdict.fact)
                else:
                    del active[verdict.key]
            for key, value in to_store.items():
                if value is None:
                    del stored[key]
                else:
                    stored[key] = value
        severities = {
            key: RULE.severity_of(Notice(RULE, finding(key, n), at)) for key, (n, _) in scan.items()
        }
        assert active == severities
        assert stored == {
            key: (before[key][0] if key in before else since, severities[key])
            for key, (_, since) in scan.items()
        }


def test_the_same_finding_is_the_same_occurrence_however_often_it_is_found() -> None:
    one, again = (Notice(RULE, finding("a"), NOON + n * HOUR) for n in (1, 2))
    assert occurrence_id("late", "a", one) == occurrence_id("late", "a", again)
    other = Notice(RULE, finding("a", since=NOON + MINUTE), NOON + HOUR)
    assert occurrence_id("late", "a", one) != occurrence_id("late", "a", other)


def test_titles_and_severities_speak_of_what_was_found() -> None:
    notice = Notice(RULE, finding("MC-01", n=12), NOON)
    assert RULE.title.of(notice, "", 1) == "Quá hạn: MC-01"
    assert RULE.severity_of(notice) is Severity.MEDIUM
    assert notice.kind == "late"
    of_kind = Finding("05443|flood", NOON, "05443", data={"kind": "flood"})
    assert Notice(RULE, of_kind, NOON).kind == "flood"


# The grid ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (Absence("device", timedelta(minutes=5)), 10),
        (Absence("device", HOUR), 30),
        (Absence("device", 24 * HOUR), 60),
        (Absence("area", timedelta(minutes=5)), 60),
        (Sla(waiting=30 * MINUTE), 10),
        (Sla(is_past=True), 60),
        (Rate(HOUR, "weeks", above=3.0), 300),
    ],
)
def test_who_asks_for_a_long_time_is_looked_at_seldom(of: object, expected: int) -> None:
    rule = scan_rule(of)
    assert step(rule) == timedelta(seconds=expected)
    point = grid_point(rule, NOON + timedelta(seconds=123.4))
    assert NOON + timedelta(seconds=123.4) - step(rule) < point <= NOON + timedelta(seconds=123.4)
    assert grid_point(rule, point) == point


def test_a_scan_asks_for_what_all_equalities_allow() -> None:
    when = all_of([equals("area", ["05443", "05518"]), equals("area", ["05443"]), EVERYTHING])
    assert asked(scan_rule(None, when=when), "area") == frozenset[object]({"05443"})
    assert asked(scan_rule(None, when=when), "device") is None


# Listening --------------------------------------------------------------------------------------


def heard(*minutes: int, gap: int = 10) -> Listening | None:
    return listened(None, [NOON + n * MINUTE for n in minutes], longer_than(gap * MINUTE))


def test_a_source_that_was_never_heard_is_not_listened_to() -> None:
    assert heard() is None


def test_a_pause_is_none_and_a_break_begins_anew() -> None:
    assert heard(0, 5, 11) == Listening(NOON + MINUTE, NOON + 12 * MINUTE)
    assert heard(0, 5, 17) == Listening(NOON + 18 * MINUTE, NOON + 18 * MINUTE)


@given(st.lists(st.integers(0, 200), min_size=1, unique=True).map(sorted), st.data())
def test_how_the_minutes_are_told_changes_nothing(minutes: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(minutes)))
    is_break = longer_than(10 * MINUTE)
    first = listened(None, [NOON + n * MINUTE for n in minutes[:cut]], is_break)
    # The last minute is told again: its events may have come in two batches.
    again = minutes[max(0, cut - 1) :]
    assert listened(first, [NOON + n * MINUTE for n in again], is_break) == heard(*minutes)
    ends = [0, *(n for n, after in pairwise(minutes) if after - n > 11)]
    began = next(n for n in minutes if n > ends[-1] or len(ends) == 1)
    assert heard(*minutes) == Listening(
        NOON + (began + 1) * MINUTE, NOON + (minutes[-1] + 1) * MINUTE
    )


def test_who_is_deaf_judges_nothing() -> None:
    listening = heard(0)
    assert listening is not None
    is_break = longer_than(10 * MINUTE)
    assert not is_deaf(listening, NOON + 11 * MINUTE, is_break)
    assert is_deaf(listening, NOON + 12 * MINUTE, is_break)
    assert not is_deaf(listening, NOON, is_break), "heard of a minute that is not over"


def test_a_pause_is_a_quarter_of_what_is_judged_and_at_most_an_hour() -> None:
    assert gap_max(8 * MINUTE) == 2 * MINUTE
    assert gap_max(24 * HOUR) == HOUR


# Coverage ---------------------------------------------------------------------------------------

HALF = Absence("area", 24 * HOUR, heard_below=50, heard_above=60, least=5)


@pytest.mark.parametrize(
    ("devices", "silent", "was", "expected"),
    [
        (10, 5, False, False),
        (10, 6, False, True),
        (10, 5, True, True),
        (10, 4, True, False),
        (4, 4, False, False),
        (5, 3, False, True),
        (5, 2, True, False),
    ],
)
def test_an_area_is_blind_under_half_and_clears_from_sixty_percent(
    devices: int, silent: int, was: bool, expected: bool
) -> None:
    assert is_blind(HALF, devices, silent, was=was) is expected


@given(st.integers(1, 200), st.integers(1, 100))
def test_enough_is_the_fewest_that_bring_the_share_under_the_limit(
    devices: int, below: int
) -> None:
    absence = Absence("area", HOUR, heard_below=below)
    under = [s for s in range(devices + 1) if 100 * (devices - s) < below * devices]
    assert enough_silent(absence, devices) == (under[0] if under else devices)


def test_all_devices_of_an_area() -> None:
    every_one = Absence("area", HOUR)
    assert not is_blind(every_one, 12, 11, was=False)
    assert is_blind(every_one, 12, 12, was=False)


def test_an_area_is_blind_since_the_device_that_made_it_so() -> None:
    since = [NOON + n * MINUTE for n in range(7)]
    (found,) = blind_areas(HALF, [Coverage("05443", 10, 7, since)], {})
    assert (found.key, found.since) == ("05443", since[5])
    assert found.data == {"devices": 10, "silent": 7, "share": 30.0}
    known: Stored = {"05443": (NOON, Severity.MEDIUM)}
    assert [
        each.key for each in blind_areas(HALF, [Coverage("05443", 10, 5, since[:5])], known)
    ] == ["05443"]
    assert blind_areas(HALF, [Coverage("05443", 10, 5, since[:5])], {}) == []


# Rates ------------------------------------------------------------------------------------------

TRIPLE = Rate(HOUR, "weeks", weeks=2, above=3.0, least=20)


def test_a_window_ends_a_minute_before_so_that_ordinary_lateness_is_in() -> None:
    end = NOON - MINUTE
    week = timedelta(days=7)
    assert spans(TRIPLE, NOON) == [
        (end - HOUR, end),
        (end - week - HOUR, end - week),
        (end - 2 * week - HOUR, end - 2 * week),
    ]
    assert spans(Rate(HOUR, "before", above=2.0), NOON) == [
        (end - HOUR, end),
        (end - 2 * HOUR, end - HOUR),
    ]


def test_what_could_be_our_own_deafness_asks_for_listening() -> None:
    assert listened_from(TRIPLE, NOON) is None
    assert listened_from(Rate(HOUR, "weeks", below=0.2), NOON) == NOON - MINUTE - HOUR
    assert listened_from(Rate(HOUR, "before", above=2.0), NOON) == NOON - MINUTE - 2 * HOUR


@pytest.mark.parametrize(
    ("counts", "was_heard", "expected"),
    [
        ([10, 30], [True, True], 20.0),
        ([10, 30, 1000], [True, True, True], 30.0),
        ([10, 0, 0, 30], [True, False, False, True], 20.0),
        ([10, 0, 0], [True, False, False], None),
        ([0, 0], [True, True], 0.0),
        ([5], [False], None),
    ],
)
def test_usual_is_the_median_of_the_weeks_that_we_know(
    counts: list[int], was_heard: list[bool], expected: float | None
) -> None:
    assert baseline(counts, was_heard) == expected


@pytest.mark.parametrize(
    ("n", "usual", "was", "expected"),
    [
        (60, 20, False, True),
        (59, 20, False, False),
        (48, 20, True, True),
        (47, 20, True, False),
        (19, 1, False, False),
        (20, 0, False, True),
        (16, 0, True, True),
        (15, 0, True, False),
    ],
)
def test_three_times_the_usual_raises_and_clears_well_under_it(
    n: int, usual: float, was: bool, expected: bool
) -> None:
    assert is_unusual(TRIPLE, n, usual, was=was) is expected


@pytest.mark.parametrize(
    ("n", "usual", "was", "expected"),
    [
        (2, 20, False, True),
        (3, 20, False, False),
        (2, 19, False, False),
        (2, 16, True, True),
        (3, 20, True, False),
        (0, 100, False, True),
    ],
)
def test_a_tenth_of_the_usual_raises_where_there_usually_is_enough(
    n: int, usual: float, was: bool, expected: bool
) -> None:
    assert is_unusual(Rate(HOUR, "weeks", below=0.1, least=20), n, usual, was=was) is expected


def test_counts_add_up_by_key_and_begin_now() -> None:
    rule = scan_rule(TRIPLE, kind=Kind.RATE, per=(Per.AREA,))
    counts = [
        Count(0, "05443", "flood", 40),
        Count(0, "05443", "tree", 50),
        Count(1, "05443", "flood", 30),
        Count(2, "05443", "tree", 10),
        Count(0, "05518", "flood", 10),
    ]
    (found,) = unusual(rule, TRIPLE, (counts, [True, True, True]), {}, NOON)
    assert (found.key, found.area, found.since) == ("05443", "05443", NOON)
    assert found.data == {"n": 90, "baseline": 20.0, "ratio": 4.5}
    known: Stored = {"05443": (NOON - HOUR, Severity.LOW)}
    (goes_on,) = unusual(rule, TRIPLE, (counts, [True, True, True]), known, NOON)
    assert goes_on.since == NOON - HOUR
    by_kind = scan_rule(TRIPLE, kind=Kind.RATE, per=(Per.AREA, Per.KIND))
    keys = [each.key for each in unusual(by_kind, TRIPLE, (counts, [True] * 3), {}, NOON)]
    assert keys == ["05443|tree"]


# Reading ----------------------------------------------------------------------------------------


def parsed(text: str) -> tuple[Fields, Notes]:
    root = read(text)
    assert isinstance(root, Fields)
    return root, Notes("r.yaml")


def part_of(text: str, kind: Kind, event_type: str) -> tuple[object, str]:
    root, notes = parsed(text)
    part = read_part(root, kind, event_type, notes)
    return part, "\n".join(map(str, notes.problems))


def test_an_absence_is_read() -> None:
    text = "{of: area, for: 24h, heard_below: 50, heard_above: 60, least: 5}"
    root, notes = parsed(text)
    assert read_absence(root, notes, "ioc.camera.alert") == HALF
    root, notes = parsed("{of: device, for: 24h}")
    assert read_absence(root, notes, "ioc.fire.reading") == Absence("device", 24 * HOUR)


def test_a_rate_is_read() -> None:
    root, notes = parsed("{window: 1h, against: weeks, weeks: 2, above: 3, least: 20}")
    assert read_rate(root, notes, "ioc.citizen.report") == TRIPLE


def test_what_one_alarm_of_an_absence_stands_for_follows_from_what_is_silent() -> None:
    part, problems = part_of("absence: {of: area, for: 1h}", Kind.ABSENCE, "ioc.camera.alert")
    assert problems == ""
    assert part is not None
    assert getattr(part, "per", None) == (Per.AREA,)


WRONG: Mapping[str, tuple[Kind, str, str]] = {
    "absence: {of: device}": (Kind.ABSENCE, "ioc.camera.alert", "absence lacks for"),
    "absence: {of: room, for: 1h}": (Kind.ABSENCE, "ioc.camera.alert", "write one of device"),
    "absence: {of: device, for: 1m}": (Kind.ABSENCE, "ioc.camera.alert", "write 5m to 30d"),
    "absence: {of: device, for: 1h, least: 3}": (Kind.ABSENCE, "ioc.camera.alert", "of: area"),
    "absence: {of: area, for: 1h, heard_below: 60, heard_above: 50}": (
        *(Kind.ABSENCE, "ioc.camera.alert", "not under heard_below"),
    ),
    "absence: {of: device, for: 2h}": (Kind.ABSENCE, "ioc.queue.ticket", "looks at devices"),
    "{absence: {of: device, for: 1h}, per: area}": (Kind.ABSENCE, "ioc.camera.alert", "per"),
    "{absence: {of: device, for: 1h}, when: {label: fire}}": (
        *(Kind.ABSENCE, "ioc.camera.alert", "has no 'when'"),
    ),
    "{absence: {of: device, for: 1h}, clear: {silence: 5m}}": (
        *(Kind.ABSENCE, "ioc.camera.alert", "has no 'clear'"),
    ),
    "{absence: {of: device, for: 1h}, max_lateness: 5m}": (
        *(Kind.ABSENCE, "ioc.camera.alert", "has no 'max_lateness'"),
    ),
    "{absence: {of: device, for: 1h}, scope: {sources: [/x]}}": (
        *(Kind.ABSENCE, "ioc.camera.alert", "do not know sources"),
    ),
    "per: area": (Kind.ABSENCE, "ioc.camera.alert", "needs 'absence:'"),
    "sla: {due: past}": (Kind.SLA, "ioc.queue.dossier", "needs 'per'"),
    "{sla: {due: past}, per: kind}": (Kind.SLA, "ioc.queue.dossier", "per cannot be 'kind'"),
    "{sla: {due: past}, per: office, scope: {tags: [x]}}": (
        *(Kind.SLA, "ioc.queue.dossier", "do not know tags"),
    ),
    "{rate: {window: 1h, against: weeks}, per: area}": (
        *(Kind.RATE, "ioc.citizen.report", "one of above, below"),
    ),
    "{rate: {window: 1h, against: weeks, above: 3, below: 0.2}, per: area}": (
        *(Kind.RATE, "ioc.citizen.report", "one of above, below"),
    ),
    "{rate: {window: 1h, against: weeks, above: 0.5}, per: area}": (
        *(Kind.RATE, "ioc.citizen.report", "from 1 to 1000"),
    ),
    "{rate: {window: 1h, against: before, weeks: 2, above: 3}, per: area}": (
        *(Kind.RATE, "ioc.citizen.report", "belongs to 'against: weeks'"),
    ),
    "{rate: {window: 61s, against: before, above: 3}, per: area}": (
        *(Kind.RATE, "ioc.citizen.report", "out of range"),
    ),
    "{rate: {window: 601s, against: before, above: 3}, per: area}": (
        *(Kind.RATE, "ioc.citizen.report", "whole minutes"),
    ),
    "{rate: {window: 1h, against: before, above: 3}, per: area, when: {status: open}}": (
        *(Kind.RATE, "ioc.citizen.report", "has no 'status'"),
    ),
    "{rate: {window: 1h, against: before, above: 3}, when: {category: {ge: 1}}, per: area}": (
        *(Kind.RATE, "ioc.citizen.report", "a value or a list"),
    ),
    "{rate: {window: 1h, against: before, above: 3}, per: device}": (
        *(Kind.RATE, "ioc.citizen.report", "per cannot be 'device'"),
    ),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told(text: str) -> None:
    kind, event_type, problem = WRONG[text]
    part, problems = part_of(text, kind, event_type)
    assert part is None
    assert problem in problems
