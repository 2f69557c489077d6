"""Reading one rule: the rule, or all that is wrong in it, each with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from ioc.rule import duration, options, sequence, threshold
from ioc.rule.condition import Condition, all_of, any_of, equals
from ioc.rule.definition import SCANNED, Case, Kind, Per, Rule
from ioc.rule.document import Fields, Items, Node, Scalar
from ioc.rule.fields import FIELDS, RESTRICTED, Field, known
from ioc.rule.notes import Notes, shown_duration, suggestion
from ioc.rule.scan_part import EVERYTHING, WORDS, read_part
from ioc.rule.sequence import Step
from ioc.rule.title import Title, placeholders
from ioc.rule.when import VALUES_MAX, condition
from ioc.severity import Severity
from ioc.source import BY_NAME, BY_TYPE

TITLE_CHARACTERS_MAX = 200
#: Largest `count.n`; a window must be able to hold it twice (`window.MARKS_MAX`).
COUNT_MAX = 100
#: Steps of a `sequence`; cases of `severity`.
STEPS_MIN, STEPS_MAX, CASES_MAX = 2, 4, 10
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
WITHIN_MAX, SILENCE_MAX = DAY, 30 * DAY
SCOPE_CHARACTERS_MAX = 100

#: Kinds that can be read.
KINDS = tuple(Kind)
#: A kind's own part is under its name; these have one.
_PARTS = tuple(kind.value for kind in Kind if kind is not Kind.MATCH)
_KEYS = (
    *("id", "title", "title_en", "source", "type", "kind", "when", "per", *_PARTS),
    *("scope", "schedule", "severity", "clear", "latch", "max_lateness", "acknowledge"),
    *("two_person", "damped", "guidance", "enabled"),
)
_ALWAYS = ("id", "title", "title_en", "type", "kind", "when", "per", "severity")
#: What a kind does without.
_WITHOUT: Mapping[str, frozenset[str]] = {
    Kind.THRESHOLD: frozenset({"when"}),
    Kind.SEQUENCE: frozenset({"type", "when"}),
    **dict.fromkeys(SCANNED, frozenset({"when", "per"})),
}
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
#: What a type has no word for cannot be its key.
_PER_FIELDS = {Per.REPORT: "report", Per.OFFICE: "office"}

#: A tag of devices, to the devices that have it; None: tags are not known here.
Tags = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class _Part:
    """What is read by kind: the kind's own part, and what raises and clears."""

    types: tuple[str, ...]
    per: tuple[Per, ...]
    when: Condition
    clear_when: Condition | None = None
    silence: timedelta | None = None
    n: int = 1
    within: timedelta = timedelta(0)
    of: object | None = None


def read_rule(node: Node, notes: Notes, tags: Tags | None) -> Rule | str | None:
    """Return a rule; its id alone when it is switched off; None when something is wrong."""
    fields = notes.fields(node, "a rule", _KEYS)
    if fields is None:
        return None
    at = fields.entries
    is_on = "enabled" not in at or notes.truth(at["enabled"], "enabled") is not False
    if not is_on and at.keys() == {"id", "enabled"}:
        return _id(at["id"], notes)
    word = at["kind"].text if "kind" in at and isinstance(at["kind"], Scalar) else ""
    missing = [key for key in _ALWAYS if key not in at and key not in _WITHOUT.get(word, ())]
    if missing:
        notes.add(node.line, f"the rule lacks {', '.join(missing)}")
        return None
    rule_id = _id(at["id"], notes)
    kind = notes.choice(at["kind"], "kind", [kind.value for kind in KINDS])
    asked = options.read(at, notes)
    types = _types(fields, kind, notes)
    if kind is None or types is None:
        return None  # no field can be judged without it
    part = _part(fields, Kind(kind), types, notes, tags)
    words = WORDS[Kind(kind)] if kind in SCANNED else known(types[-1])
    severity, cases = _severity(at["severity"], types[-1], words, notes)
    titles = _titles(at, types[-1], words, notes)
    if rule_id is None or part is None or severity is None or titles is None:
        return None
    rule = Rule(
        id=rule_id,
        title=titles[0],
        title_en=titles[1],
        source=BY_TYPE[types[-1]].name,
        type=types[-1],
        kind=Kind(kind),
        when=part.when,
        per=part.per,
        severity=severity,
        clear_when=part.clear_when,
        silence=part.silence,
        n=part.n,
        within=part.within,
        max_lateness=asked.max_lateness,
        ack_required=asked.ack_required,
        guidance=asked.guidance,
        place=f"{notes.file}:{node.line}",
        plain={key: child.plain() for key, child in at.items()},
        cases=cases,
        schedule=asked.schedule,
        latch=asked.latch,
        ack_expires=asked.ack_expires,
        two_person=asked.two_person,
        damped=asked.damped,
        of=part.of,
        types=part.types if kind == Kind.SEQUENCE else (),
    )
    return rule if is_on else rule_id


# What raises and clears, by kind ------------------------------------------------------------------


def _part(
    fields: Fields, kind: Kind, types: tuple[str, ...], notes: Notes, tags: Tags | None
) -> _Part | None:
    at = fields.entries
    for word in _PARTS:
        if word in at and word != kind:
            notes.add(fields.lines[word], f"'{word}' belongs to kind: {word}; this is kind: {kind}")
    scope = _scope(at.get("scope"), notes, tags)
    if kind in SCANNED:
        found = read_part(fields, kind, types[-1], notes)
        if found is None:
            return None
        return _Part(types, found.per, all_of([found.when, *scope]), of=found.of)
    per = _per(at["per"], types, notes)
    clear_when, silence = _clear(at.get("clear"), types[-1], notes)
    if clear_when is not None:
        clear_when = all_of([clear_when, *scope])
    part = _BY_KIND[kind](fields, _Part(types, per, EVERYTHING, clear_when, silence), scope, notes)
    if part is not None and silence is not None and silence < part.within:
        notes.add(
            at["clear"].line,
            f"clear.silence ({shown_duration(silence)}) is shorter than {kind}.within"
            f" ({shown_duration(part.within)}): one event after the silence would raise again;"
            f" write at least {shown_duration(part.within)}",
        )
    return part


def _match(fields: Fields, part: _Part, scope: Sequence[Condition], notes: Notes) -> _Part | None:
    when = condition(fields.entries["when"], part.types[-1], notes)
    return None if when is None else replace(part, when=all_of([when, *scope]))


def _count(fields: Fields, part: _Part, scope: Sequence[Condition], notes: Notes) -> _Part | None:
    found = _match(fields, part, scope, notes)
    own = _own_part(fields, Kind.COUNT, ("n", "within"), "count: {n: 3, within: 5m}", notes)
    if own is None:
        return None
    n = notes.integer(own["n"], "count.n", 2, COUNT_MAX)
    within = notes.duration(own["within"], "count.within", SECOND, WITHIN_MAX)
    return found and replace(found, n=n or 1, within=within or timedelta(0))


def _threshold(
    fields: Fields, part: _Part, scope: Sequence[Condition], notes: Notes
) -> _Part | None:
    looks_at = scope
    if "when" in fields.entries:
        readings = _match(fields, part, scope, notes)
        looks_at = [] if readings is None else [readings.when]
    example = "threshold: {value: value, above: 60}"
    own = _own_part(fields, Kind.THRESHOLD, ("value",), example, notes, threshold.KEYS)
    of = (
        None
        if own is None
        else threshold.read(own, fields.lines[Kind.THRESHOLD], notes, part.types[-1])
    )
    if of is None:
        return None
    back = all_of([*looks_at, of.back()])
    return replace(
        part,
        when=all_of([*looks_at, of.beyond()]),
        clear_when=back if part.clear_when is None else any_of([back, part.clear_when]),
        of=of,
    )


def _duration(
    fields: Fields, part: _Part, scope: Sequence[Condition], notes: Notes
) -> _Part | None:
    found = _match(fields, part, scope, notes)
    own = _own_part(fields, Kind.DURATION, duration.KEYS, "duration: {held: 10m}", notes)
    if "clear" not in fields.entries:
        notes.add(
            fields.line,
            "kind: duration needs 'clear': what says that it does not hold any more"
            " ('when:'), or how long nothing says that it does ('silence:')",
        )
    of = None if own is None else duration.read(own, notes)
    return None if found is None or of is None else replace(found, of=of)


def _sequence(
    fields: Fields, part: _Part, scope: Sequence[Condition], notes: Notes
) -> _Part | None:
    own = _own_part(fields, Kind.SEQUENCE, ("within", "steps"), _STEPS, notes)
    if own is None:
        return None
    within = notes.duration(own["within"], "sequence.within", SECOND, WITHIN_MAX)
    found: list[Step] = []
    items = own["steps"]
    for event_type, item in zip(
        part.types, items.items if isinstance(items, Items) else (), strict=True
    ):
        assert isinstance(item, Fields)  # `_types` has read them
        when = condition(item.entries["when"], event_type, notes)
        if when is not None:
            found.append(Step(event_type, all_of([when, *scope])))
    if within is None or len(found) < len(part.types):
        return None
    of = sequence.Sequence(within, tuple(found))
    return replace(part, when=of.condition(), within=within, of=of)


_BY_KIND: Mapping[Kind, Callable[[Fields, _Part, Sequence[Condition], Notes], _Part | None]] = {
    Kind.MATCH: _match,
    Kind.COUNT: _count,
    Kind.THRESHOLD: _threshold,
    Kind.DURATION: _duration,
    Kind.SEQUENCE: _sequence,
}
_STEPS = "sequence: {within: 10m, steps: […]}"


def _own_part(
    fields: Fields,
    kind: Kind,
    needed: Sequence[str],
    example: str,
    notes: Notes,
    allowed: Sequence[str] = (),
) -> dict[str, Node] | None:
    """Return the entries of a kind's own part; None when it lacks what it needs."""
    node = fields.entries.get(kind)
    own = None if node is None else notes.fields(node, kind, allowed or needed)
    if own is None or not set(needed) <= own.entries.keys():
        line = fields.line if node is None else node.line
        notes.add(line, f"kind: {kind} needs '{example}'")
        return None
    return own.entries


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


# What every rule has ------------------------------------------------------------------------------


def _id(node: Node, notes: Notes) -> str | None:
    if isinstance(node, Scalar) and _ID.fullmatch(node.text):
        return node.text
    notes.add(
        node.line, "id is 1 to 64 of a-z, 0-9 and '-', and does not begin with '-': fire-alarm"
    )
    return None


def _types(fields: Fields, kind: str | None, notes: Notes) -> tuple[str, ...] | None:
    """Return the types that the rule looks at; what it is about is told by the last."""
    at = fields.entries
    if kind == Kind.SEQUENCE:
        for word in ("type", "when", "source"):
            if word in at:
                notes.add(
                    fields.lines[word], f"kind: sequence has no {word!r}; each step has its own"
                )
        own = at.get("sequence")
        if not isinstance(own, Fields):
            notes.add(fields.line, f"kind: sequence needs '{_STEPS}'")
            return None
        return _step_types(own, notes) or None
    event_type = notes.choice(at["type"], "type", list(FIELDS))
    if "source" in at:
        source = notes.choice(at["source"], "source", list(BY_NAME))
        if event_type is not None and source is not None and BY_TYPE[event_type].name != source:
            notes.add(
                at["source"].line,
                f"{event_type} comes from {BY_TYPE[event_type].name}, not {source}",
            )
    return None if event_type is None else (event_type,)


def _step_types(own: Fields, notes: Notes) -> tuple[str, ...]:
    items = own.entries.get("steps")
    if not isinstance(items, Items) or not STEPS_MIN <= len(items.items) <= STEPS_MAX:
        line = own.line if items is None else items.line
        notes.add(line, f"sequence.steps is a list of {STEPS_MIN} to {STEPS_MAX} steps")
        return ()
    found: list[str] = []
    for item in items.items:
        step = notes.fields(item, "a step", ("type", "when"))
        if step is None:
            return ()
        if {"type", "when"} - step.entries.keys():
            notes.add(item.line, "a step needs 'type:' and 'when:'")
            return ()
        event_type = notes.choice(step.entries["type"], "type", list(FIELDS))
        if event_type is None:
            return ()
        found.append(event_type)
    return tuple(found)


def _per(node: Node, types: tuple[str, ...], notes: Notes) -> tuple[Per, ...]:
    nodes = (node,) if isinstance(node, Scalar) else notes.listed(node, "per", 3)
    found: list[Per] = []
    for each in nodes:
        word = notes.choice(each, "per", [per.value for per in Per])
        if word is None:
            return ()
        needs = _PER_FIELDS.get(Per(word))
        lacking = [name for name in types if needs is not None and needs not in FIELDS[name]]
        if lacking:
            notes.add(each.line, f"{lacking[0]} has no {needs}; choose another key for 'per'")
            return ()
        found.append(Per(word))
    return tuple(found)


def _scope(node: Node | None, notes: Notes, tags: Tags | None) -> list[Condition]:
    """Return what narrows a rule, as equalities: the index of the rules finds it by them."""
    fields = None
    if node is not None:
        fields = notes.fields(node, "scope", ("areas", "sources", "devices", "tags"))
    if fields is None:
        return []
    if not fields.entries:
        notes.add(fields.line, "scope needs 'areas:', 'sources:', 'devices:' or 'tags:'")
    found: list[Condition] = []
    for key, child in fields.entries.items():
        items = notes.listed(child, f"scope.{key}", VALUES_MAX)
        words = [notes.text(item, f"scope.{key}", SCOPE_CHARACTERS_MAX) for item in items]
        named = [word for word in words if word is not None]
        if key == "tags":
            found.append(_tagged(named, items, notes, tags))
        elif key in _SCOPE:
            found.append(equals(_SCOPE[key], named))
    return found


_SCOPE = {"areas": "area", "sources": "ce_source", "devices": "device"}


def _tagged(
    names: Sequence[str], items: Sequence[Node], notes: Notes, tags: Tags | None
) -> Condition:
    for name, item in zip(names, items, strict=False):
        if tags is not None and name not in tags:
            hint = suggestion(name, tags)
            notes.add(item.line, f"no device has the tag {name!r}{hint}; see devices/*.yaml")
    devices = frozenset[str]().union(*((tags or {}).get(name, frozenset()) for name in names))
    return equals("device", tuple(devices))


def _severity(
    node: Node, event_type: str, words: Mapping[str, Field], notes: Notes
) -> tuple[Severity | None, tuple[Case, ...]]:
    """Return the severity when no case holds, and the cases."""
    if not isinstance(node, Items):
        word = notes.choice(node, "severity", [each.value for each in Severity])
        return (None if word is None else Severity(word)), ()
    cases: list[Case] = []
    before = len(notes.problems)
    items = notes.listed(node, "severity", CASES_MAX)
    for item in items:
        fields = notes.fields(item, "a case of severity", ("when", "is"))
        if fields is None or "is" not in fields.entries:
            notes.add(item.line, "a case of severity is '{when: {…}, is: high}'")
            continue
        word = notes.choice(fields.entries["is"], "is", [each.value for each in Severity])
        when = None
        if "when" in fields.entries:
            when = condition(fields.entries["when"], event_type, notes, words)
        elif item is not items[-1]:
            notes.add(item.line, "only the last case of severity has no 'when': it takes the rest")
        if word is not None:
            cases.append(Case(Severity(word), when))
    if len(notes.problems) > before:
        return None, ()
    if not cases or cases[-1].when is not None:
        notes.add(node.line, "severity needs a last case without 'when', for the rest: {is: low}")
        return None, ()
    return cases[-1].severity, tuple(cases)


def _titles(
    at: Mapping[str, Node], event_type: str, words: Mapping[str, Field], notes: Notes
) -> tuple[Title, Title] | None:
    allowed = [*(words.keys() - RESTRICTED), "n"]
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
