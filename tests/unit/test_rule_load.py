"""Rule files: what is read, and the sentence for each thing that is wrong."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from textwrap import indent

import pytest

from ioc import rulebook
from ioc.rule import Kind, Per, RuleError, RuleSet, load, load_all
from ioc.rulebook import Stored, in_force
from ioc.severity import Severity

GOOD = """\
id: fire-alarm
title: "Báo cháy tại {area}"
title_en: "Fire alarm in {area}"
source: fire
type: ioc.fire.reading
kind: match
when: {state: alarm, kind: [smoke, heat]}
per: device
severity: critical
clear:
  when: {state: restore}
max_lateness: 30m
acknowledge: true
guidance: ["Gọi 114."]
"""


def rules(*texts: str) -> str:
    """A file of these rules; each begins two lines below the one before."""
    return "rules:\n" + "".join(
        "  -\n" + indent(text, "    ", lambda line: bool(line.strip())) for text in texts
    )


def problems(text: str) -> list[str]:
    with pytest.raises(RuleError) as refused:
        load(text, "site.yaml")
    assert str(refused.value) == "\n".join(str(problem) for problem in refused.value.problems)
    return [str(problem) for problem in refused.value.problems]


def test_a_good_rule_is_read_whole() -> None:
    rule = load(rules(GOOD), "site.yaml").by_id["fire-alarm"]
    assert rule.kind is Kind.MATCH
    assert (rule.source, rule.type, rule.per) == ("fire", "ioc.fire.reading", (Per.DEVICE,))
    assert (rule.severity, rule.max_lateness) == (Severity.CRITICAL, timedelta(minutes=30))
    assert (rule.ack_required, rule.guidance, rule.n) == (True, ("Gọi 114.",), 1)
    assert rule.clear_when is not None
    assert rule.silence is None
    assert rule.place == "site.yaml:3"
    assert rule.plain["when"] == {"state": "alarm", "kind": ["smoke", "heat"]}


def test_a_count_rule_is_read_whole() -> None:
    text = GOOD.replace("kind: match", "kind: count\ncount: {n: 3, within: 5m}").replace(
        "when: {state: restore}", "silence: 10m"
    )
    rule = load(rules(text), "site.yaml").by_id["fire-alarm"]
    assert (rule.kind, rule.n, rule.within) == (Kind.COUNT, 3, timedelta(minutes=5))
    assert (rule.clear_when, rule.silence) == (None, timedelta(minutes=10))


def test_what_is_left_out_has_its_default() -> None:
    text = "\n".join(
        line for line in GOOD.splitlines() if line.split(":")[0] not in {"max_lateness", "guidance"}
    ).replace("acknowledge: true\n", "")
    rule = load(rules(text), "site.yaml").by_id["fire-alarm"]
    assert (rule.max_lateness, rule.ack_required, rule.guidance) == (timedelta(hours=1), True, ())


@pytest.mark.parametrize("text", ["", "# nothing\n", "null\n", "~"])
def test_an_empty_file_is_no_rules(text: str) -> None:
    assert load(text, "site.yaml").rules == ()


def test_an_area_code_keeps_its_leading_zero_without_quotes() -> None:
    text = GOOD.replace("when: {state: alarm,", "when: {area: 02143, state: alarm,")
    rule = load(rules(text), "site.yaml").by_id["fire-alarm"]
    assert ("area", frozenset({"02143"})) in rule.when.needs


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("kind: match", "kind: macth", "site.yaml:8: kind cannot be 'macth'; did you mean 'match'"),
        (
            "severity: critical",
            "severity: urgent",
            "site.yaml:11: severity cannot be 'urgent'; write one of critical, high, medium, low",
        ),
        (
            "type: ioc.fire.reading",
            "type: ioc.fire.readings",
            "site.yaml:7: type cannot be 'ioc.fire.readings'; did you mean 'ioc.fire.reading'?",
        ),
        (
            "source: fire",
            "source: camera",
            "site.yaml:6: ioc.fire.reading comes from fire, not camera",
        ),
        (
            "state: alarm",
            "stat: alarm",
            "site.yaml:9: ioc.fire.reading has no field 'stat'; did you mean 'state'?",
        ),
        (
            "state: alarm",
            "state: alram",
            "site.yaml:9: state is never 'alram'; did you mean 'alarm'?; it is one of alarm,",
        ),
        (
            "max_lateness: 30m",
            "max_lateness: half an hour",
            "site.yaml:14: max_lateness: 'half an hour' is no duration; write for example 30s, 5m",
        ),
        (
            "max_lateness: 30m",
            "max_lateness: 8d",
            "site.yaml:14: max_lateness: 8d is out of range; write 0s to 7d",
        ),
        ("per: device", "per: house", "site.yaml:10: per cannot be 'house'; write one of device"),
        ("per: device", "per: report", "site.yaml:10: ioc.fire.reading has no report"),
        ("id: fire-alarm", "id: Fire alarm", "site.yaml:3: id is 1 to 64 of a-z, 0-9 and '-'"),
        (
            "severity: critical",
            "severity: critical\nsevrity: low",
            "site.yaml:12: a rule has no 'sevrity'; did you mean 'severity'?",
        ),
        ("severity: critical\n", "", "site.yaml:3: the rule lacks severity"),
        (
            "acknowledge: true",
            "acknowledge: yes",
            "site.yaml:15: acknowledge is true or false",
        ),
        (
            "tại {area}",
            "tại {aera}",
            "site.yaml:4: title: there is no {aera} in ioc.fire.reading; did you mean 'area'?",
        ),
        (
            "severity: critical",
            "severity: critical\nseverity: low",
            "site.yaml:12: 'severity' is here a second time (first in line 11)",
        ),
        (
            "per: device",
            "per: device\ncount: {n: 3, within: 5m}",
            "site.yaml:11: 'count' belongs to kind: count; this is kind: match",
        ),
        (
            "kind: match",
            "kind: count",
            "site.yaml:3: kind: count needs 'count: {n: 3, within: 5m}'",
        ),
        (
            "kind: match",
            "kind: count\ncount: {n: 1, within: 5m}",
            "site.yaml:9: count.n is a whole number from 2 to 100",
        ),
        (
            "  when: {state: restore}",
            "  wenn: {state: restore}",
            "site.yaml:13: clear has no 'wenn'; did you mean 'when'?",
        ),
        (
            "  when: {state: restore}",
            "  silence: 10",
            "site.yaml:13: clear.silence: '10' is no duration",
        ),
        (
            "state: alarm",
            "value: {above: 3}",
            "site.yaml:9: value has no test 'above'; write one of exists, gt, ge, lt, le",
        ),
        (
            "state: alarm",
            "state: {gt: 3}",
            "site.yaml:9: state is no number; 'gt' compares numbers",
        ),
        (
            "state: alarm",
            "value: {gte: 3}",
            "site.yaml:9: value has no test 'gte'; did you mean 'ge'?; write one of exists, gt, ge",
        ),
        ("state: alarm", "device: 1.10", 'site.yaml:9: device: write it in quotes: "1.10"'),
        (
            "severity: critical",
            "severity: critical\nscope: {devices: [1.5, 1.10]}",
            'site.yaml:12: scope.devices: write it in quotes: "1.10"',
        ),
        ("state: alarm", "value: {gt: much}", "site.yaml:9: value.gt is a number"),
        ("state: alarm", "value: hot", "site.yaml:9: value: write a number, not 'hot'"),
        ("state: alarm", "or: {state: alarm}", "site.yaml:9: 'or' is a list of conditions"),
        ("state: alarm, kind: [smoke, heat]", "kind: []", "site.yaml:9: kind: an 'any of' list"),
        ('["Gọi 114."]', "Gọi 114.", "site.yaml:16: guidance is a list of 1 to 10 items"),
        ('title: "Báo cháy tại {area}"', 'title: ""', "site.yaml:4: title is a text"),
    ],
)
def test_each_mistake_has_its_line_and_what_to_write(written: str, instead: str, said: str) -> None:
    assert written in GOOD
    found = problems(rules(GOOD.replace(written, instead, 1)))
    assert found[0].startswith(said), found
    assert len(found) == 1


def test_all_mistakes_of_a_file_are_told_at_once_in_the_order_of_its_lines() -> None:
    worse = GOOD.replace("critical", "urgent").replace("30m", "soon").replace("alarm,", "alram,")
    found = problems(rules(worse, GOOD.replace("fire-alarm", "x_y")))
    lines = [int(problem.split(":")[1]) for problem in found]
    assert lines == sorted(lines) == [9, 11, 14, 18]


def test_a_personal_field_is_never_in_a_title() -> None:
    text = """\
id: r
title: "SOS của {reporter}"
title_en: "SOS"
type: ioc.citizen.report
kind: match
when: {emergency: true}
per: report
severity: high
"""
    assert problems(rules(text)) == [
        "site.yaml:4: title: {reporter} is personal; it must not be in a title"
    ]


def test_a_silence_shorter_than_the_count_would_chatter() -> None:
    text = GOOD.replace("kind: match", "kind: count\ncount: {n: 3, within: 1h}").replace(
        "when: {state: restore}", "silence: 10m"
    )
    assert problems(rules(text)) == [
        "site.yaml:14: clear.silence (10m) is shorter than count.within (1h): one event after the"
        " silence would raise again; write at least 1h"
    ]


def test_an_id_is_taken_once_in_a_file_and_among_files() -> None:
    assert problems(rules(GOOD, GOOD)) == [
        "site.yaml:18: the id 'fire-alarm' is taken by site.yaml:3; choose another"
    ]
    with pytest.raises(RuleError, match=r"b\.yaml:3: the id 'fire-alarm' is taken by a\.yaml:3"):
        load_all([("a.yaml", rules(GOOD)), ("b.yaml", rules(GOOD))])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rules: [", "site.yaml:1: this is not YAML: "),
        ("a: b: c", "site.yaml:1: this is not YAML: "),
        ("rules:\n\t- id: x", "site.yaml:2: this is not YAML: "),
        ("- id: x", "site.yaml:1: the file is a mapping with rules"),
        ("rulez: []", "site.yaml:1: the file has no 'rulez'; did you mean 'rules'?"),
        ("rules: 3", "site.yaml:1: rules is a list of 1 to 2000 items"),
        ("rules: []", "site.yaml:1: rules is a list of 1 to 2000 items"),
        ("rules:\n  - 3", "site.yaml:2: a rule is a mapping with id, title, "),
        ("rules: []\n---\nrules: []", "site.yaml:2: write one document a file, without '---'"),
        ("a: &a [x]\nb: *a", "site.yaml:1: anchors (&) and aliases (*) are not allowed"),
        ("rules: !!python/object/apply:os.system [ls]", "site.yaml:1: tags are not allowed"),
        ("? [a]\n: b", "site.yaml:1: a key is a word"),
        ("\x00", "site.yaml:1: this is not YAML: "),
        ("rules: " + "[" * 100_000, "site.yaml:1: nested more than 24 deep"),
        ("rules: " + "{a: " * 100_000, "site.yaml:1: nested more than 24 deep"),
        ("x" * (1024 * 1024 + 1), "site.yaml:1: the file is larger than 1 MiB; split it"),
        ("ắ" * (512 * 1024), "site.yaml:1: the file is larger than 1 MiB; split it"),
    ],
)
def test_what_is_no_rule_file_is_refused_with_a_line(text: str, said: str) -> None:
    assert problems(text)[0].startswith(said)


def test_a_code_that_is_no_area_is_refused_in_what_a_person_writes() -> None:
    """Of what is stored it is not asked: units are merged now and then, and rules must go on."""
    scoped = GOOD.replace("per: device", "per: device\nscope: {areas: [05443, 99999]}")
    named = GOOD.replace("fire-alarm", "own").replace("state: alarm,", "area: Văn Lang,")
    text = rules(scoped, named)
    with pytest.raises(RuleError) as refused:
        rulebook.load_all([("site.yaml", text)])
    assert str(refused.value).splitlines() == [
        "site.yaml:11: there is no area '99999'; GET /api/v1/areas lists the codes",
        "site.yaml:25: there is no area 'Văn Lang'; write 02143 (Xã Văn Lang)",
    ]
    assert len(load(text, "stored").rules) == 2


def test_a_rule_more_than_may_be_is_refused_when_the_others_are_known_already() -> None:
    short = '{"id": "r%d", "title": "t", "title_en": "t", "type": "ioc.queue.ticket", '
    short += '"kind": "match", "when": {"action": "issued"}, "per": "office", "severity": "low"}'
    stored = [Stored("rule", f"r{i}", 1, short % i, i) for i in range(2_001)]
    known = rulebook.assembled(stored[:-1]).rules
    with pytest.raises(RuleError, match="at most 2000"):
        rulebook.assembled(stored, known)


def test_a_billion_laughs_are_not_laughed() -> None:
    lines = ['a0: &a0 ["ha"]'] + [
        f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)
    ]
    assert len(problems("\n".join(lines))) == 1


def test_no_more_than_two_thousand_rules() -> None:
    short = "{id: r%d, title: t, title_en: t, type: ioc.queue.ticket, kind: match, "
    short += "when: {action: issued}, per: office, severity: low}"
    many = "rules:\n" + "".join(f"- {short % i}\n" for i in range(2_000))
    assert len(load(many, "site.yaml").rules) == 2_000
    with pytest.raises(RuleError, match="more than 2000 rules"):
        load_all([("a.yaml", many), ("b.yaml", rules(GOOD))])


def test_a_condition_is_bounded_in_depth_and_tests() -> None:
    deep = "{not: " * 10 + "{state: alarm}" + "}" * 10
    assert problems(rules(GOOD.replace("{state: alarm, kind: [smoke, heat]}", deep))) == [
        "site.yaml:9: a condition nests at most 8 deep"
    ]
    wide = "{or: [" + ", ".join(["{state: alarm}"] * 101) + "]}"
    assert problems(rules(GOOD.replace("{state: alarm, kind: [smoke, heat]}", wide))) == [
        "site.yaml:9: a condition has at most 100 tests; split the rule"
    ]


def test_a_broken_generator_does_not_fill_the_screen() -> None:
    assert len(problems(rules(*[GOOD.replace("critical", "urgent")] * 300))) == 200


def test_a_site_replaces_a_rule_by_its_id_and_adds_its_own() -> None:
    base = load(rules(GOOD, GOOD.replace("fire-alarm", "second")), "shipped.yaml")
    milder = GOOD.replace("critical", "low")
    site = load(rules(milder, GOOD.replace("fire-alarm", "own")), "site.yaml")
    both = base.overlaid(site)
    assert isinstance(both, RuleSet)
    assert [rule.id for rule in both.rules] == ["fire-alarm", "second", "own"]
    assert both.by_id["fire-alarm"].severity is Severity.LOW


@pytest.mark.parametrize("name", ["site.yaml", "site.yml"])
def test_a_rule_of_the_site_is_in_force_whatever_its_file_s_ending(
    name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / name).write_text(rules(GOOD.replace("id: fire-alarm", "id: ours")), encoding="utf-8")
    assert {"ours", "fire-alarm"} <= in_force(tmp_path).by_id.keys()
