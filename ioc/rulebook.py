"""All that a site decides about alarms: rules, and the lists that stand beside them in the files.

`ioc.rule` cannot know incidents and suppressions, which speak of alarms; here they meet. What is in
force is the newest wording of each in the database; files only write wordings there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

import orjson

from ioc import rule
from ioc.area import gazetteer
from ioc.incident import IncidentRule
from ioc.incident.reading import read_rules as read_incidents
from ioc.philosophy import Philosophy
from ioc.philosophy import reading as philosophy_reading
from ioc.rule import Problem, Rule, RuleError, RuleSet
from ioc.rule.calendar import read_calendar
from ioc.rule.document import DocumentError, Fields, Items, Node, Scalar, read
from ioc.rule.load import RULES_MAX, Section
from ioc.rule.notes import PROBLEMS_MAX, Notes
from ioc.rule.reading import Tags
from ioc.source import BY_NAME
from ioc.suppression import Inhibition, PlantState, Window, circle
from ioc.suppression.reading import read_inhibitions, read_plant_states, read_windows
from ioc.working_calendar import WorkingCalendar

#: A thing's noun and id.
Key = tuple[str, str]
#: A reader of the value under one top key; see `ioc.rule.load.Section`.
Reader = Callable[[Node, Notes], Sequence[object]]

#: The one id of what a site has one of.
SITE = "site"
DEVICES_MAX = 20_000
TAGS_MAX = 20
WORD_CHARACTERS_MAX = 100

_EMPTY = "nothing stands here; write 'rules:' and under it a list of rules, or remove the file"

#: Top keys of files whose value is a list of things with an `id`, and the noun of such a thing.
_LISTS = {
    "rules": "rule",
    "incidents": "incident",
    "inhibitions": "inhibition",
    "plant_states": "plant_state",
    "maintenance": "maintenance",
}
#: Top keys whose value is one thing.
_SINGLES = {"philosophy": "philosophy", "calendar": "calendar"}
_DEVICES = "devices"
_TOP_KEY_OF = {noun: key for key, noun in (*_LISTS.items(), *_SINGLES.items())}


@dataclass(frozen=True, slots=True)
class Wording:
    """What a file says of one thing; `body` is its YAML as JSON, `place` is `file:line`."""

    noun: str
    id: str
    body: Mapping[str, Any]
    origin: str
    place: str

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.noun, self.id


@dataclass(frozen=True, slots=True)
class Stored:
    """The newest wording of one thing as the database has it; `body` None: withdrawn."""

    noun: str
    id: str
    version: int
    body: str | None
    revision: int

    @property
    def key(self) -> Key:
        """What it is about."""
        return self.noun, self.id

    @property
    def name(self) -> str:
        """What a problem in it is said to be in."""
        return f"{self.noun} {self.id}, version {self.version}"

    @property
    def text(self) -> str:
        """The wording as a file of its own, in one line."""
        if self.noun == _DEVICES:
            return self.body or ""
        key = _TOP_KEY_OF[self.noun]
        return f'{{"{key}": {self.body}}}' if key in _SINGLES else f'{{"{key}": [{self.body}]}}'


@dataclass(frozen=True, slots=True)
class Tagged:
    """A device of a source, and the words by which rules speak of it and of others."""

    source: str
    device: str
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Book:
    """Everything in force: what is judged by, and what tables are made of."""

    rules: RuleSet
    windows: tuple[Window, ...]
    devices: tuple[Tagged, ...]


# Reading ----------------------------------------------------------------------------------------


def read_devices(node: Node, notes: Notes) -> Sequence[Tagged]:
    """Return what `devices:` says: `- {source: fire, device: p-1, tags: [market]}`."""
    found: list[Tagged] = []
    for item in notes.listed(node, _DEVICES, DEVICES_MAX):
        fields = notes.fields(item, "a device", ("source", "device", "tags"))
        if fields is None:
            continue
        at = fields.entries
        if missing := [key for key in ("source", "device", "tags") if key not in at]:
            notes.add(item.line, f"the device lacks {', '.join(missing)}")
            continue
        source = notes.choice(at["source"], "source", list(BY_NAME))
        device = notes.text(at["device"], "device", WORD_CHARACTERS_MAX)
        tags = [
            notes.text(tag, "a tag", WORD_CHARACTERS_MAX)
            for tag in notes.listed(at["tags"], "tags", TAGS_MAX)
        ]
        if source is not None and device is not None:
            found.append(Tagged(source, device, frozenset(filter(None, tags))))
    return found


#: What reads each list beside `rules:`.
SECTIONS: Mapping[str, Reader] = MappingProxyType(
    {
        "incidents": read_incidents,
        "inhibitions": read_inhibitions,
        "plant_states": read_plant_states,
        "maintenance": read_windows,
        "philosophy": philosophy_reading.read,
        "calendar": read_calendar,
        _DEVICES: read_devices,
    }
)


def load_all(named_texts: Sequence[tuple[str, str]]) -> RuleSet:
    """Return what several files (name, text) say together.

    Raises:
        ioc.rule.RuleError: with everything that is wrong in them, each with its line.
    """
    found = _read(named_texts, _tags(named_texts) or None).rules
    empty = [Problem(name, 1, _EMPTY) for name, text in named_texts if read(text) is None]
    if empty:
        raise RuleError(empty)
    _check_areas(named_texts)
    return found


def in_force(config_dir: Path | None) -> RuleSet:
    """Return what is shipped with the site's own on top, straight from the files."""
    return assembled(
        [
            Stored(wording.noun, wording.id, 0, orjson.dumps(wording.body).decode(), 0)
            for wording in of_site(config_dir)
        ]
    ).rules


def assembled(stored: Sequence[Stored], known: RuleSet | None = None) -> Book:
    """Return what these wordings are together, each rule with its version.

    What `known` has of the same version is taken from there: only what changed is read.

    Raises:
        ioc.rule.RuleError: named by noun, id and version.
    """
    valid = [each for each in stored if each.body is not None]
    kept = {each.id: same for each in valid if (same := _unchanged(each, known)) is not None}
    named = [(each.name, each.text) for each in valid if each.noun != "rule" or each.id not in kept]
    devices = [(each.name, each.text) for each in valid if each.noun == _DEVICES]
    book = _read(named, _tags(devices))
    versions = {each.id: each.version for each in valid if each.noun == "rule"}
    if len(versions) > RULES_MAX:  # of those that are kept, nobody else has counted
        problem = f"there are {len(versions)} rules, at most {RULES_MAX} may be; withdraw some"
        raise RuleError([Problem("the rules", 1, problem)])
    fresh = {each.id: replace(each, version=versions[each.id]) for each in book.rules.rules}
    rules = [found for name in versions if (found := kept.get(name) or fresh.get(name))]
    revision = max((each.revision for each in stored), default=0)
    return replace(book, rules=_with(book.rules, rules, revision))


def as_of(rules: RuleSet, revision: int) -> RuleSet:
    """Return the same rules as those of a later revision: that one was refused."""
    return _with(rules, rules.rules, revision)


# Wordings of files --------------------------------------------------------------------------------


def of_site(config_dir: Path | None) -> list[Wording]:
    """Return what the shipped files and those of a site's folder say, the site's on top.

    Raises:
        ioc.rule.RuleError: with everything that is wrong in the site's files.
    """
    shipped = (files("ioc.rule") / "shipped.yaml").read_text(encoding="utf-8")
    found = {wording.key: wording for wording in wordings("shipped.yaml", shipped, "shipped")}
    own = [(str(path), text_of(path)) for path in _paths(config_dir)]
    _read(own, _tags(own))
    _check_areas(own)
    said: dict[Key, Wording] = {}
    for name, text in own:
        for wording in wordings(name, text):
            if wording.key in said:
                there = said[wording.key].place
                line = int(wording.place.rpartition(":")[2])
                problem = f"{wording.noun} {wording.id!r} stands in {there} already"
                raise RuleError([Problem(name, line, problem)])
            said[wording.key] = wording
    return list((found | said).values())


def wordings(name: str, text: str, origin: str = "file") -> list[Wording]:
    """Return what a file says, thing by thing; what cannot be read is left to `load_all`."""
    try:
        root = read(text)
    except DocumentError:
        return []
    found: list[Wording] = []
    for key, node in root.entries.items() if isinstance(root, Fields) else ():
        if key in _LISTS and isinstance(node, Items):
            for item in node.items:
                identity = item.entries.get("id") if isinstance(item, Fields) else None
                if isinstance(identity, Scalar):
                    place = f"{name}:{item.line}"
                    found.append(Wording(_LISTS[key], identity.text, _plain(item), origin, place))
        elif key in _SINGLES and isinstance(node, Fields):
            place = f"{name}:{node.line}"
            found.append(Wording(_SINGLES[key], SITE, _plain(node), origin, place))
        elif key == _DEVICES:
            body = {_DEVICES: node.plain()}
            found.append(Wording(_DEVICES, Path(name).stem, body, origin, f"{name}:{node.line}"))
    return found


def checked(name: str, text: str) -> RuleSet:
    """Return what a text says that may also be one rule by itself, as a person writes it.

    Raises:
        ioc.rule.RuleError: with the lines of the text.
    """
    file, above = _as_file(text)
    try:
        return load_all([(name, file)])
    except RuleError as error:
        raise RuleError(
            [replace(problem, line=max(1, problem.line - above)) for problem in error.problems]
        ) from error


def of_rule(name: str, text: str) -> Wording:
    """Return the wording of the one rule that a text is: a rule by itself, or a file with one.

    Raises:
        ioc.rule.RuleError: with the lines of the text.
    """
    checked(name, text)
    found = wordings(name, _as_file(text)[0])
    if [wording.noun for wording in found] != ["rule"]:
        raise RuleError([Problem(name, 1, "write one rule here; this is something else")])
    return found[0]


def of_text(name: str, text: str) -> list[Wording]:
    """Return the wordings of a rules file, or of one rule by itself.

    Raises:
        ioc.rule.RuleError: with the lines of the text.
    """
    checked(name, text)
    return wordings(name, _as_file(text)[0])


def text_of(path: Path) -> str:
    """Return what a file of a site says.

    Raises:
        ioc.rule.RuleError: it is no text, or cannot be read.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RuleError([Problem(str(path), 1, f"it cannot be read: {error.strerror}")]) from error
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise RuleError(
            [Problem(str(path), line, "this is not UTF-8; save it as UTF-8")]
        ) from error


# Parts --------------------------------------------------------------------------------------------


def _read(named_texts: Sequence[tuple[str, str]], tags: Tags | None = None) -> Book:
    found: dict[str, list[object]] = {key: [] for key in SECTIONS}
    sections = {key: _collecting(reader, found[key]) for key, reader in SECTIONS.items()}
    rules = rule.load_all(named_texts, sections, tags)
    inhibitions = cast("list[Inhibition]", found["inhibitions"])
    if around := circle(inhibitions):
        text = f"the inhibitions {', '.join(around)} go in a circle; one hides what hides it"
        raise RuleError([Problem(named_texts[0][0], 1, text)])
    site = cast("list[Philosophy]", found["philosophy"])
    calendars = cast("list[WorkingCalendar]", found["calendar"])
    only = RuleSet(
        rules.rules,
        incidents=cast("list[IncidentRule]", found["incidents"]),
        inhibitions=inhibitions,
        plant_states=cast("list[PlantState]", found["plant_states"]),
        philosophy=site[-1] if site else philosophy_reading.shipped(),
        calendar=calendars[-1] if calendars else None,
    )
    return Book(
        only,
        tuple(cast("list[Window]", found["maintenance"])),
        tuple(cast("list[Tagged]", found[_DEVICES])),
    )


def _tags(named_texts: Sequence[tuple[str, str]]) -> Tags:
    """Return which devices the texts call by each tag; what is wrong in them is not said here."""
    found: dict[str, set[str]] = {}
    for name, text in named_texts:
        try:
            root = read(text)
        except DocumentError:
            continue
        if isinstance(root, Fields) and _DEVICES in root.entries:
            for device in read_devices(root.entries[_DEVICES], Notes(name)):
                for tag in device.tags:
                    found.setdefault(tag, set()).add(device.device)
    return {tag: frozenset(devices) for tag, devices in found.items()}


def _check_areas(named_texts: Sequence[tuple[str, str]]) -> None:
    """Refuse codes that are no area's: a rule about nowhere would never raise, and say nothing.

    Only of what a person writes: what is stored goes on when units are merged.
    """
    wrong = [
        Problem(name, node.line, f"there is no area {node.text!r}; {_write_area(node.text)}")
        for name, text in named_texts
        for node in _areas(read(text))
        if gazetteer().by_code(node.text) is None
    ]
    if wrong:
        raise RuleError(wrong[:PROBLEMS_MAX])


def _areas(node: Node | None) -> Iterator[Scalar]:
    """Yield the codes that stand under `area:` and `areas:`, wherever those are."""
    if isinstance(node, Items):
        for item in node.items:
            yield from _areas(item)
    elif isinstance(node, Fields):
        for key, child in node.entries.items():
            listed = child.items if isinstance(child, Items) else (child,)
            if key in {"area", "areas"}:
                yield from (each for each in listed if isinstance(each, Scalar))
            yield from _areas(child)


def _write_area(code: str) -> str:
    """Return what to write instead of a code or a name that is no area's code."""
    meant = [f"{area.code} ({area.full_name})" for area in gazetteer().meant(code)]
    return f"write {' or '.join(meant)}" if meant else "GET /api/v1/areas lists the codes"


def _collecting(reader: Reader, into: list[object]) -> Section:
    def section(node: Node, notes: Notes) -> Sequence[object]:
        found = reader(node, notes)
        into.extend(found)
        return found

    return section


def _with(rules: RuleSet, only: Iterable[Rule], revision: int) -> RuleSet:
    return RuleSet(
        only,
        revision=revision,
        incidents=rules.incidents,
        inhibitions=rules.inhibitions,
        plant_states=rules.plant_states,
        philosophy=rules.philosophy,
        calendar=rules.calendar,
    )


def _unchanged(stored: Stored, known: RuleSet | None) -> Rule | None:
    found = known.by_id.get(stored.id) if known is not None and stored.noun == "rule" else None
    if found is None or found.version != stored.version or _has_tags(found):
        return None
    return found


def _has_tags(found: Rule) -> bool:
    """Whether it changes with the devices' tags."""
    scope = found.plain.get("scope")
    return isinstance(scope, Mapping) and "tags" in scope


def _paths(config_dir: Path | None) -> list[Path]:
    """Return the files of a site's folder; one that ends in `.yml` is read like the others."""
    if config_dir is None:
        return []
    endings = (".yaml", ".yml")
    single = [config_dir / f"{name}{end}" for name in ("philosophy", "calendar") for end in endings]
    return [
        *sorted(path for end in endings for path in (config_dir / "rules").glob(f"*{end}")),
        *(path for path in single if path.exists()),
        *sorted(path for end in endings for path in (config_dir / "devices").glob(f"*{end}")),
    ]


def _plain(node: Node) -> dict[str, Any]:
    return cast("dict[str, Any]", node.plain())


def _as_file(text: str) -> tuple[str, int]:
    """Return a text as a file, and how many lines were put above it."""
    try:
        root = read(text)
    except DocumentError:
        return text, 0
    if not isinstance(root, Fields) or "id" not in root.entries:
        return text, 0
    first, *others = text.split("\n")
    return "\n".join(["rules:", f"- {first}", *(f"  {line}" for line in others)]), 1
