"""Every wording of every rule as a row; the newest of each is what is in force."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString

import orjson
from psycopg.types.json import Jsonb

from connectors.timescale import floods, suppression_pages, suppressions
from connectors.timescale.database import Conn
from connectors.timescale.sql import as_rows, queries
from ioc import rulebook
from ioc.rule import Problem, RuleError, RuleSet
from ioc.rulebook import Book, Key, Stored, Wording
from ioc.working_calendar import WorkingCalendar, shipped_calendar

SQL = queries("rule_versions")

#: Held alone by who writes a version, so that revisions become visible in order.
VERSIONS_LOCK = 7_111
#: Who a change by files is said to be from.
FILES = "ioc migrate"

RULE, MAINTENANCE, PHILOSOPHY, DEVICES = "rule", "maintenance", "philosophy", "devices"
INHIBITION = "inhibition"
#: What PostgreSQL cannot keep.
NUL = "\\u0000"


@dataclass(frozen=True, slots=True)
class Change:
    """A wording that is to be in force; `body` None: it is withdrawn."""

    noun: str
    id: str
    body: Mapping[str, Any] | None
    origin: str
    why: str

    @property
    def key(self) -> Key:
        """Whose wording it is."""
        return self.noun, self.id


def revision(conn: Conn) -> int:
    """Return the number of the last change; 0: there was none."""
    row = conn.execute(SQL["revision"]).fetchone()
    return int(row["revision"]) if row else 0


def in_force(conn: Conn, known: RuleSet | None = None, config_dir: Path | None = None) -> RuleSet:
    """Return what is in force, with its revision.

    `known` is what was in force before: of that, what has not changed is not read again. A
    database that nobody has given any rule runs on those of `config_dir`.

    Raises:
        ioc.rule.RuleError: a wording that another version of this product has written.
    """
    stored = _stored(conn, SQL["newest"])
    if not stored:
        return rulebook.in_force(config_dir)
    return rulebook.assembled(stored, known).rules


def calendar(conn: Conn) -> WorkingCalendar:
    """Return the working calendar in force; the shipped one where the site said nothing.

    Raises:
        ioc.rule.RuleError: a wording that another version of this product has written.
    """
    stored = _stored(conn, SQL["newest_calendar"])
    return rulebook.assembled(stored).rules.calendar if stored else shipped_calendar()


def change(
    conn: Conn,
    changes: Sequence[Change],
    *,
    by: str,
    now: datetime,
    known: RuleSet | None = None,
) -> dict[Key, int]:
    """Put wordings in force, all or none, and return the version that each has now.

    A wording that is in force already makes no new version. `known` is what was in force a moment
    ago: of that, only what changes is checked again.

    Raises:
        ioc.rule.RuleError: what would be in force is wrong; nothing was written.
    """
    conn.execute(SQL["lock_versions"], {"lock": VERSIONS_LOCK})
    return _changed(conn, changes, known, by, now)


def filed(conn: Conn) -> frozenset[Key]:
    """Return what files of the site, not shipped ones, have said last and not withdrawn."""
    return frozenset((row["noun"], row["id"]) for row in conn.execute(SQL["filed_by_site"]))


def follow_files(
    conn: Conn,
    wordings: Sequence[Wording],
    *,
    by: str = FILES,
    now: datetime,
    kept: frozenset[Key] = frozenset(),
) -> dict[Key, int]:
    """Put in force what the files say, where it is not what they said the last time.

    `wordings` are all that there are: what the files say no more is withdrawn, but for what is
    `kept` as it is. Returns the versions of what changed; raises as `change`.
    """
    conn.execute(SQL["lock_versions"], {"lock": VERSIONS_LOCK})
    last = {each.key: each for each in _stored(conn, SQL["newest_filed"])}
    said = {wording.key: wording for wording in wordings}
    changes = [
        Change(*wording.key, wording.body, wording.origin, wording.place)
        for wording in wordings
        if wording.key not in kept and not _says(last.get(wording.key), wording.body)
    ]
    changes += [
        Change(*key, None, "file", "no file says it any more")
        for key, each in last.items()
        if key not in said and key not in kept and each.body is not None
    ]
    conn.execute(SQL["forget_unknown_rules"])
    return _changed(conn, changes, None, by, now)


def versions(
    conn: Conn, noun: str, name: str, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Return version, by, at, why, origin and body (None: withdrawn), newest first."""
    wanted = {"noun": noun, "id": name, "before": before, "limit": limit}
    return conn.execute(SQL["versions"], wanted).fetchall()


def changes(conn: Conn, limit: int) -> list[dict[str, Any]]:
    """Return the newest changes of everything, newest first.

    Each with noun, id, version, by, at, why, origin and `withdrawn`.
    """
    return conn.execute(SQL["changes"], {"limit": limit}).fetchall()


def copied(conn: Conn) -> list[Change]:
    """Return what is in force, to be put in force elsewhere."""
    return [
        Change(each.noun, each.id, orjson.loads(each.body), "file", "copied")
        for each in _stored(conn, SQL["newest"])
        if each.body is not None
    ]


def _stored(conn: Conn, query: LiteralString) -> list[Stored]:
    return [Stored(**row) for row in conn.execute(query)]


def _says(stored: Stored | None, body: Mapping[str, Any] | None) -> bool:
    if stored is None or stored.body is None:
        return stored is not None and body is None
    # Through JSON and back, as the stored one: what is written is compared with what was written.
    return body is not None and orjson.loads(stored.body) == orjson.loads(orjson.dumps(body))


def _changed(
    conn: Conn, changes: Sequence[Change], known: RuleSet | None, by: str, now: datetime
) -> dict[Key, int]:
    before = {each.key: each for each in _stored(conn, SQL["newest"])}
    # What files say is kept even when it is in force already: the next files are compared with it.
    new = [
        each
        for each in changes
        if each.origin != "api" or not _says(before.get(each.key), each.body)
    ]
    # What was never there cannot be withdrawn.
    new = [each for each in new if each.body is not None or each.key in before]
    versions = {each.key: before[each.key].version for each in changes if each.key in before}
    after = dict(before)
    for each in new:
        version = versions.get(each.key, 0) + 1
        versions[each.key] = version
        text = None if each.body is None else orjson.dumps(each.body).decode()
        if text is not None and NUL in text:
            problem = Problem(f"{each.noun} {each.id}", 1, "a text in it holds a NUL character")
            raise RuleError([problem])
        after[each.key] = Stored(each.noun, each.id, version, text, 0)
    book = rulebook.assembled(list(after.values()), known)
    for each in new:
        conn.execute(
            SQL["write"],
            {
                "noun": each.noun,
                "id": each.id,
                "version": versions[each.key],
                "body": None if each.body is None else Jsonb(dict(each.body)),
                "by": by,
                "at": now,
                "why": each.why,
                "origin": each.origin,
            },
        )
    _follow(conn, book, {each.key for each in new}, now)
    return {each.key: versions[each.key] for each in changes if each.key in versions}


def _follow(conn: Conn, book: Book, changed: set[Key], now: datetime) -> None:
    """Bring the tables up to date that are made of what is in force."""
    for noun, name in sorted(changed):
        if noun != RULE:
            continue
        rule = book.rules.by_id.get(name)
        if rule is None:
            conn.execute(SQL["forget_rule"], {"id": name})
        else:
            row = {"id": name, "body": Jsonb(rule.plain), "now": now, "version": rule.version}
            conn.execute(SQL["save_rule"], row)
    nouns = {noun for noun, _ in changed}
    if MAINTENANCE in nouns:
        suppressions.follow_windows(conn, book.windows, now)
    if INHIBITION in nouns:
        suppression_pages.follow_inhibitions(conn, book.rules.inhibitions, now)
    if PHILOSOPHY in nouns:
        floods.follow_positions(conn, book.rules.philosophy.positions)
    if DEVICES in nouns:
        conn.execute(SQL["forget_tags"])
        rows = [
            {"source": device.source, "device": device.device, "tag": tag}
            for device in book.devices
            for tag in sorted(device.tags)
        ]
        conn.execute(SQL["save_tags"], {"rows": as_rows(rows)})
