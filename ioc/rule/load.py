"""Reading rule files: all rules, or all problems, each with its line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path

from ioc.errors import ConfigError
from ioc.rule.condition import Condition
from ioc.rule.definition import Kind, Per, Rule
from ioc.rule.document import DocumentError, Fields, Node, Problem, Scalar, read
from ioc.rule.fields import FIELDS, RESTRICTED, known
from ioc.rule.notes import PROBLEMS_MAX, Notes, shown_duration, suggestion
from ioc.rule.ruleset import RuleSet
from ioc.rule.title import Title, placeholders
from ioc.rule.when import condition
from ioc.severity import Severity
from ioc.source import BY_NAME, BY_TYPE

RULES_MAX = 2_000
TITLE_CHARACTERS_MAX = 200
GUIDANCE_LINES_MAX = 10
GUIDANCE_CHARACTERS_MAX = 300
#: Largest `count.n`; a window must be able to hold it twice (`window.MARKS_MAX`).
COUNT_MAX = 100
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
WITHIN_MAX, SILENCE_MAX, LATENESS_MAX = DAY, 30 * DAY, 7 * DAY

_KEYS = (
    *("id", "title", "title_en", "source", "type", "kind", "when", "per", "count"),
    *("severity", "clear", "max_lateness", "acknowledge", "guidance"),
)
_REQUIRED = ("id", "title", "title_en", "type", "kind", "when", "per", "severity")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
#: What a type has no word for cannot be its key.
_PER_FIELDS = {Per.REPORT: "report", Per.OFFICE: "office"}


class RuleError(ConfigError):
    """A rule file is wrong; `problems` says where and what to write."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def load(text: str, filename: str) -> RuleSet:
    """Return the rules of one file; RuleError with everything that is wrong in it."""
    return load_all([(filename, text)])


def load_all(named_texts: Sequence[tuple[str, str]]) -> RuleSet:
    """Return the rules of several files (name, text) together; ids are unique among them."""
    rules: dict[str, Rule] = {}
    problems: list[Problem] = []
    for name, text in named_texts:
        notes = Notes(name)
        for rule, line in _file_rules(text, notes):
            if rule.id in rules:
                there = rules[rule.id].place
                notes.add(line, f"the id {rule.id!r} is taken by {there}; choose another")
            elif len(rules) >= RULES_MAX:
                notes.add(line, f"more than {RULES_MAX} rules; remove some")
                break
            rules.setdefault(rule.id, rule)
        problems += sorted(notes.problems, key=lambda problem: problem.line)
    if problems:
        raise RuleError(problems[:PROBLEMS_MAX])
    return RuleSet(rules.values())


@cache
def shipped() -> RuleSet:
    """Return the rules that every site starts with."""
    text = (files("ioc.rule") / "shipped.yaml").read_text(encoding="utf-8")
    return load(text, "shipped.yaml")


def in_force(config_dir: Path | None) -> RuleSet:
    """Return the shipped rules with the site's own (`<config_dir>/rules/*.yaml`) on top.

    A file that ends in `.yml` is read, too.
    """
    folder = config_dir / "rules" if config_dir else None
    paths = [*folder.glob("*.yaml"), *folder.glob("*.yml")] if folder else []
    own = load_all([(str(path), path.read_text(encoding="utf-8")) for path in sorted(paths)])
    return shipped().overlaid(own)


def _file_rules(text: str, notes: Notes) -> list[tuple[Rule, int]]:
    try:
        root = read(text)
    except DocumentError as error:
        notes.add(error.line, error.text)
        return []
    if root is None:
        return []
    top = notes.fields(root, "the file", ("rules",))
    if top is None or "rules" not in top.entries:
        notes.add(root.line, "write 'rules:' and under it a list of rules")
        return []
    found: list[tuple[Rule, int]] = []
    for node in notes.listed(top.entries["rules"], "rules", RULES_MAX):
        before = len(notes.problems)
        rule = _rule(node, notes)
        if rule is not None and len(notes.problems) == before:
            found.append((rule, node.line))
    return found


def _rule(node: Node, notes: Notes) -> Rule | None:
    fields = notes.fields(node, "a rule", _KEYS)
    if fields is None:
        return None
    missing = [key for key in _REQUIRED if key not in fields.entries]
    if missing:
        notes.add(node.line, f"the rule lacks {', '.join(missing)}")
        return None
    at = fields.entries
    rule_id = _id(at["id"], notes)
    severity = notes.choice(at["severity"], "severity", [each.value for each in Severity])
    lateness, ack_required, guidance = _options(at, notes)
    kind = notes.choice(at["kind"], "kind", [kind.value for kind in Kind])
    n, within = _count(fields, kind, notes)
    event_type = _type(fields, notes)
    if event_type is None:
        return None  # no field can be judged without it
    clear_when, silence = _clear(at.get("clear"), event_type, notes)
    if kind == Kind.COUNT and silence is not None and silence < within:
        notes.add(
            at["clear"].line,
            f"clear.silence ({shown_duration(silence)}) is shorter than count.within"
            f" ({shown_duration(within)}): one event after the silence would raise again;"
            f" write at least {shown_duration(within)}",
        )
    when = condition(at["when"], event_type, notes)
    titles = _titles(at, event_type, notes)
    per = _per(at["per"], event_type, notes)
    if rule_id is None or severity is None or kind is None or when is None or titles is None:
        return None
    return Rule(
        id=rule_id,
        title=titles[0],
        title_en=titles[1],
        source=BY_TYPE[event_type].name,
        type=event_type,
        kind=Kind(kind),
        when=when,
        per=per,
        severity=Severity(severity),
        clear_when=clear_when,
        silence=silence,
        n=n,
        within=within,
        max_lateness=lateness,
        ack_required=ack_required,
        guidance=guidance,
        place=f"{notes.file}:{node.line}",
        plain={key: child.plain() for key, child in at.items()},
    )


def _id(node: Node, notes: Notes) -> str | None:
    if isinstance(node, Scalar) and _ID.fullmatch(node.text):
        return node.text
    notes.add(
        node.line, "id is 1 to 64 of a-z, 0-9 and '-', and does not begin with '-': fire-alarm"
    )
    return None


def _type(fields: Fields, notes: Notes) -> str | None:
    at = fields.entries
    event_type = notes.choice(at["type"], "type", list(FIELDS))
    if "source" not in at:
        return event_type
    source = notes.choice(at["source"], "source", list(BY_NAME))
    if event_type is not None and source is not None and BY_TYPE[event_type].name != source:
        notes.add(
            at["source"].line, f"{event_type} comes from {BY_TYPE[event_type].name}, not {source}"
        )
    return event_type


def _options(at: dict[str, Node], notes: Notes) -> tuple[timedelta, bool, tuple[str, ...]]:
    """Return max_lateness, whether an acknowledgement is required, and the guidance."""
    lateness: timedelta | None = timedelta(hours=1)
    if "max_lateness" in at:
        lateness = notes.duration(at["max_lateness"], "max_lateness", timedelta(0), LATENESS_MAX)
    required: bool | None = True
    if "acknowledge" in at:
        required = notes.truth(at["acknowledge"], "acknowledge")
    lines: tuple[Node, ...] = ()
    if "guidance" in at:
        lines = notes.listed(at["guidance"], "guidance", GUIDANCE_LINES_MAX)
    guidance = [notes.text(line, "guidance", GUIDANCE_CHARACTERS_MAX) or "" for line in lines]
    return lateness or timedelta(0), required is not False, tuple(guidance)


def _count(fields: Fields, kind: str | None, notes: Notes) -> tuple[int, timedelta]:
    node = fields.entries.get("count")
    if kind != Kind.COUNT:
        if node is not None and kind is not None:
            notes.add(fields.lines["count"], "'count' belongs to kind: count; this is kind: match")
        return 1, timedelta(0)
    count = None if node is None else notes.fields(node, "count", ("n", "within"))
    if count is None or {"n", "within"} - count.entries.keys():
        notes.add(
            fields.line if node is None else node.line,
            "kind: count needs 'count: {n: 3, within: 5m}'",
        )
        return 1, timedelta(0)
    n = notes.integer(count.entries["n"], "count.n", 2, COUNT_MAX)
    within = notes.duration(count.entries["within"], "count.within", SECOND, WITHIN_MAX)
    return n or 1, within or timedelta(0)


def _clear(
    node: Node | None, event_type: str, notes: Notes
) -> tuple[Condition | None, timedelta | None]:
    fields = None if node is None else notes.fields(node, "clear", ("when", "silence"))
    if fields is None:
        return None, None
    if not fields.entries:
        notes.add(fields.line, "clear needs 'when:' or 'silence:'; or leave it out")
    clear_when = silence = None
    if "when" in fields.entries:
        clear_when = condition(fields.entries["when"], event_type, notes)
    if "silence" in fields.entries:
        silence = notes.duration(fields.entries["silence"], "clear.silence", SECOND, SILENCE_MAX)
    return clear_when, silence


def _per(node: Node, event_type: str, notes: Notes) -> tuple[Per, ...]:
    nodes = (node,) if isinstance(node, Scalar) else notes.listed(node, "per", 3)
    found: list[Per] = []
    for each in nodes:
        word = notes.choice(each, "per", [per.value for per in Per])
        if word is None:
            return ()
        needs = _PER_FIELDS.get(Per(word))
        if needs is not None and needs not in FIELDS[event_type]:
            notes.add(each.line, f"{event_type} has no {needs}; choose another key for 'per'")
            return ()
        found.append(Per(word))
    return tuple(found)


def _titles(at: dict[str, Node], event_type: str, notes: Notes) -> tuple[Title, Title] | None:
    allowed = [*(known(event_type).keys() - RESTRICTED), "n"]
    titles: list[Title] = []
    for key, language in (("title", "vi"), ("title_en", "en")):
        text = notes.text(at[key], key, TITLE_CHARACTERS_MAX)
        if text is None:
            continue
        for name in placeholders(text):
            if name.removeprefix("data.").split(".")[0] in RESTRICTED:
                notes.add(at[key].line, f"{key}: {{{name}}} is personal; it must not be in a title")
            elif name not in allowed and not name.startswith("data."):
                notes.add(
                    at[key].line,
                    f"{key}: there is no {{{name}}} in {event_type}{suggestion(name, allowed)}",
                )
        titles.append(Title(text, language))
    return (titles[0], titles[1]) if len(titles) == 2 else None
