"""What a rule says besides its condition, and the kinds' parts: read whole, or told why not."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ioc.rule import Rule, RuleError, RuleSet, load, load_all
from ioc.rule.threshold import Threshold
from ioc.severity import Severity

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
HEAD = "id: r, title: t, title_en: t, per: device"
FIRE = f"{HEAD}, type: ioc.fire.reading"
MATCH = f"{FIRE}, kind: match, when: {{state: alarm}}"
LIMIT = f"{FIRE}, kind: threshold, severity: low"
TROUBLE = f"{FIRE}, kind: duration, when: {{state: trouble}}, severity: low"
STEP = "{type: ioc.fire.reading, when: {state: alarm}}"
TWO = f"sequence: {{within: 5m, steps: [{STEP}, {STEP}]}}"


@dataclass(frozen=True)
class Reading:
    """An event of a fire panel."""

    data: dict[str, object] = field(default_factory=lambda: {"state": "alarm"})
    area: str | None = "05443"
    device: str | None = "p-1"
    ce_source: str = "/sia/1"
    time: datetime = datetime(2026, 11, 23, 10, 0, tzinfo=HANOI)
    type: str = "ioc.fire.reading"
    source: str = "fire"
    kind: str = "smoke"
    severity: str | None = None
    ce_id: str = "e"

    @property
    def received_at(self) -> datetime:
        return self.time


def rule(text: str, tags: dict[str, frozenset[str]] | None = None) -> Rule:
    return load_all([("t.yaml", f"rules:\n  - {{{text}}}\n")], tags=tags).rules[0]


def problem(text: str, tags: dict[str, frozenset[str]] | None = None) -> str:
    with pytest.raises(RuleError) as refused:
        rule(text, tags)
    assert len(refused.value.problems) == 1, refused.value.problems
    assert refused.value.problems[0].line == 2
    return refused.value.problems[0].text


def at(hour: float, day: int = 23) -> Reading:
    """A reading of a day of November 2026, local time; the 23rd is a Monday, the 24th a holiday."""
    midnight = datetime(2026, 11, day, tzinfo=HANOI)
    return Reading(time=(midnight + timedelta(hours=hour)).astimezone(UTC))


def test_severity_is_that_of_the_first_case_that_holds() -> None:
    by = rule(
        f"{MATCH}, severity: [{{when: {{value: {{ge: 90}}}}, is: critical}},"
        " {when: {value: {ge: 70}}, is: high}, {is: medium}]"
    )
    found = [by.severity_of(Reading({"value": value})) for value in (95, 90, 70, 20, None)]
    assert [each.value for each in found] == ["critical", "critical", "high", "medium", "medium"]
    assert by.severity is Severity.MEDIUM


def test_scope_narrows_what_raises_and_what_clears() -> None:
    by = rule(
        f"{MATCH}, severity: low, clear: {{when: {{state: restore}}}},"
        " scope: {areas: [05443, 02143], sources: [/sia/1], devices: [p-1]}"
    )
    restored: dict[str, object] = {"state": "restore"}
    assert by.raises(Reading())
    assert by.clears(Reading(restored))
    for elsewhere in (
        Reading(area="05444"),
        Reading(ce_source="/sia/2"),
        Reading(device="p-2"),
    ):
        assert not by.raises(elsewhere)
        assert not by.clears(replace(elsewhere, data=restored))


def test_a_tag_stands_for_its_devices() -> None:
    tags = {"market": frozenset({"p-1", "p-7"}), "school": frozenset({"p-3"})}
    by = rule(f"{MATCH}, severity: low, scope: {{tags: [market]}}", tags)
    assert [by.raises(Reading(device=name)) for name in ("p-1", "p-7", "p-3")] == [
        True,
        True,
        False,
    ]
    text = f"{MATCH}, severity: low, scope: {{tags: [markt]}}"
    assert problem(text, tags).startswith("no device has the tag 'markt'; did you mean 'market'?")
    assert not rule(text).raises(Reading()), "without the devices' files a tag is nobody's"


@pytest.mark.parametrize(
    ("schedule", "fact", "raises"),
    [
        ("{days: working}", at(10), True),
        ("{days: working}", at(10, 24), False),
        ("{days: working}", at(10, 22), False),
        ("{days: holidays}", at(10, 24), True),
        ("{days: holidays}", at(10), False),
        ("{days: [mon, sat]}", at(23.9), True),
        ("{days: [tue, sat]}", at(23.9), False),
        ('{hours: "07:30-17:00"}', at(7.5), True),
        ('{hours: "07:30-17:00"}', at(17), False),
        ('{hours: "22:00-06:00"}', at(23), True),
        ('{hours: "22:00-06:00"}', at(5.9), True),
        ('{hours: "22:00-06:00"}', at(12), False),
        ('{hours: "18:00-24:00"}', at(23.99), True),
        ('{hours: "18:00-24:00"}', at(0), False),
        ('{days: working, hours: "07:30-17:00"}', at(18), False),
    ],
)
def test_a_rule_raises_within_its_schedule_by_the_event_s_own_local_time(
    schedule: str, fact: Reading, raises: bool
) -> None:
    by = rule(f"{MATCH}, severity: low, schedule: {schedule}, clear: {{when: {{state: restore}}}}")
    assert by.raises(fact) is raises
    assert by.clears(Reading({"state": "restore"}, time=fact.time)), "at any hour"


def test_how_its_alarms_live_is_read() -> None:
    by = rule(
        f"{MATCH}, severity: low, latch: true, damped: false, two_person: [close, shelve],"
        " acknowledge: {required: true, expires: 30m}"
    )
    assert (by.latch, by.damped, by.two_person) == (True, False, frozenset({"close", "shelve"}))
    assert (by.ack_required, by.ack_expires) == (True, timedelta(minutes=30))
    plain = rule(f"{MATCH}, severity: low")
    assert (plain.latch, plain.damped, plain.two_person, plain.ack_expires) == (
        *(False, True, frozenset()),
        None,
    )


def test_a_rule_that_is_switched_off_is_left_out_and_takes_a_shipped_one_with_it() -> None:
    base = load(f"rules:\n  - {{{MATCH}, severity: low}}\n", "shipped.yaml")
    for text in ("{id: r, enabled: false}", f"{{{MATCH}, severity: high, enabled: false}}"):
        site = load(f"rules:\n  - {text}\n", "site.yaml")
        assert site.rules == ()
        assert base.overlaid(site).rules == ()
    assert base.overlaid(RuleSet()).rules == base.rules


def test_a_rule_that_is_switched_off_is_checked_all_the_same() -> None:
    assert "state is never 'alram'" in problem(
        f"{FIRE}, kind: match, when: {{state: alram}}, severity: low, enabled: false"
    )


def test_a_threshold_is_read_whole() -> None:
    by = rule(f"{LIMIT}, threshold: {{value: value, above: 60, deadband: 5, on_delay: 30s}}")
    assert by.of == Threshold("value", 60, None, 5, timedelta(seconds=30))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{MATCH}, severity: [{{when: {{value: {{ge: 9}}}}, is: high}}]", "severity needs a last"),
        (
            f"{MATCH}, severity: [{{is: high}}, {{is: low}}]",
            "only the last case of severity has no",
        ),
        (f"{MATCH}, severity: [{{is: urgent}}]", "is cannot be 'urgent'; write one of critical"),
        (f"{MATCH}, severity: low, scope: {{}}", "scope needs 'areas:', 'sources:', 'devices:' or"),
        (
            f"{MATCH}, severity: low, scope: {{area: [x]}}",
            "scope has no 'area'; did you mean 'areas",
        ),
        (f"{MATCH}, severity: low, schedule: {{}}", "schedule needs 'days:' or 'hours:'"),
        (
            f"{MATCH}, severity: low, schedule: {{days: daily}}",
            "schedule.days is working, holidays,",
        ),
        (
            f"{MATCH}, severity: low, schedule: {{days: [monday]}}",
            "schedule.days cannot be 'monday'",
        ),
        (
            f"{MATCH}, severity: low, schedule: {{hours: 7-17}}",
            "schedule.hours is written in quotes",
        ),
        (f'{MATCH}, severity: low, schedule: {{hours: "07:00-07:00"}}', "schedule.hours begin and"),
        (
            f"{MATCH}, severity: low, two_person: [open]",
            "two_person cannot be 'open'; write one of",
        ),
        (f"{MATCH}, severity: low, latch: 1", "latch is true or false"),
        (
            f"{MATCH}, severity: low, acknowledge: {{expires: 10s}}",
            "acknowledge.expires: 10s is out",
        ),
        (
            f"{MATCH}, severity: low, threshold: {{}}",
            "'threshold' belongs to kind: threshold; this",
        ),
        (LIMIT, "kind: threshold needs 'threshold: {value: value, above: 60}'"),
        (f"{LIMIT}, threshold: {{value: value}}", "threshold has one limit: 'above:' or 'below:'"),
        (
            f"{LIMIT}, threshold: {{value: state, above: 6}}",
            "threshold.value is a field with a number, not 'state'",
        ),
        (f"{LIMIT}, threshold: {{value: value, above: hot}}", "threshold.above is a number"),
        (
            f"{LIMIT}, threshold: {{value: value, above: 6, deadband: -1}}",
            "threshold.deadband is 0 or more",
        ),
        (
            f"{TROUBLE}, duration: {{held: 1h}}",
            "kind: duration needs 'clear'",
        ),
        (f"{HEAD}, kind: sequence, severity: low", "kind: sequence needs 'sequence: {within: 10m"),
        (
            f"{HEAD}, kind: sequence, severity: low, sequence: {{within: 5m, steps: [{STEP}]}}",
            "sequence.steps is a list of 2 to 4 steps",
        ),
        (
            f"{FIRE}, kind: sequence, severity: low, {TWO}",
            "kind: sequence has no 'type'; each step has its own",
        ),
        (
            f"{HEAD}, kind: sequence, severity: low, clear: {{silence: 1m}}, {TWO}",
            "clear.silence (1m) is shorter than sequence.within (5m)",
        ),
    ],
)
def test_each_mistake_is_told_once_with_what_to_write(text: str, said: str) -> None:
    assert problem(text).startswith(said), problem(text)
