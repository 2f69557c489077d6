"""Rules over time: every wording is kept, files and the API meet, and processes change over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr

from connectors.timescale import offsets, rule_versions
from connectors.timescale.database import Database, connect
from connectors.timescale.rule_versions import Change
from ioc import rulebook
from ioc.cli import rules as commands
from ioc.cli.migrate import run as migrate
from ioc.rule import RuleError, RuleSet
from ioc.rulebook import Wording
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from streams.notifier import Process
from streams.reload import UNREAD, reloaded
from tests.acceptance.house import eventually
from tests.integration.telling import BASE, LOG, Copy, Store

NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
TAMPER = """\
rules:
  - id: tamper
    title: "Camera bị che"
    title_en: "Camera covered"
    type: ioc.camera.alert
    kind: match
    when: {label: tamper}
    per: device
    severity: medium
"""


def filed(text: str = TAMPER) -> list[Wording]:
    """Return what is shipped with a file on top."""
    wordings = {each.key: each for each in rulebook.of_site(None)}
    return [
        *(wordings | {each.key: each for each in rulebook.wordings("site.yaml", text)}).values()
    ]


def follow(database: Database, wordings: list[Wording]) -> dict[tuple[str, str], int]:
    with database.transaction() as conn:
        return rule_versions.follow_files(conn, wordings, now=NOW)


def change(database: Database, body: dict[str, Any] | None, rule: str = "tamper") -> int:
    with database.transaction() as conn:
        wanted = Change("rule", rule, body, "api", "tried it")
        return rule_versions.change(conn, [wanted], by="lan", now=NOW)["rule", rule]


def in_force(database: Database) -> dict[str, tuple[str, int]]:
    with database.reading() as conn:
        rules = rule_versions.in_force(conn)
    return {rule.id: (rule.severity.value, rule.version) for rule in rules.rules}


def body(**changed: Any) -> dict[str, Any]:
    (wording,) = rulebook.wordings("site.yaml", TAMPER)
    return {**wording.body, **changed}


def test_the_same_files_again_write_nothing(database: Database) -> None:
    first = follow(database, filed())
    assert first["rule", "tamper"] == 1
    assert set(first.values()) == {1}
    with database.reading() as conn:
        revision = rule_versions.revision(conn)
    assert follow(database, filed()) == {}
    with database.reading() as conn:
        assert rule_versions.revision(conn) == revision == len(first)


def test_what_was_stored_is_read_as_it_was_written(database: Database) -> None:
    """Codes stay texts, numbers numbers; the database's JSON is the file's YAML."""
    text = TAMPER.replace("{label: tamper}", "{label: tamper, area: 05443, score: {ge: 0.5}}")
    follow(database, filed(text))
    (written,) = rulebook.load_all([("site.yaml", text)]).rules
    with database.reading() as conn:
        stored = rule_versions.in_force(conn).by_id["tamper"]
    assert stored.plain == written.plain
    assert set(stored.when.needs) == set(written.when.needs)
    assert (stored.title.text, stored.per) == (written.title.text, written.per)


def test_a_change_over_the_api_outlives_a_file_that_did_not_change(database: Database) -> None:
    follow(database, filed())
    assert change(database, body(severity="high")) == 2
    assert follow(database, filed()) == {}
    assert in_force(database)["tamper"] == ("high", 2)
    changed = filed(TAMPER.replace("medium", "low"))
    assert follow(database, changed) == {("rule", "tamper"): 3}
    assert in_force(database)["tamper"] == ("low", 3)


def test_what_a_file_says_no_more_is_withdrawn_and_may_come_back(database: Database) -> None:
    follow(database, filed())
    shipped = rulebook.of_site(None)
    assert follow(database, shipped) == {("rule", "tamper"): 2}
    assert "tamper" not in in_force(database)
    assert follow(database, filed()) == {("rule", "tamper"): 3}
    assert in_force(database)["tamper"] == ("medium", 3)


def test_a_rule_that_was_withdrawn_over_the_api_stays_so(database: Database) -> None:
    follow(database, filed())
    change(database, None)
    assert follow(database, filed()) == {}
    assert "tamper" not in in_force(database)


def test_what_was_tried_over_the_api_and_then_filed_may_be_changed_over_the_api_again(
    database: Database,
) -> None:
    follow(database, filed())
    change(database, body(severity="high"))
    tuned = filed(TAMPER.replace("medium", "high"))
    follow(database, tuned)
    change(database, body(severity="low"))
    assert follow(database, tuned) == {}
    assert in_force(database)["tamper"][0] == "low"


def test_what_was_withdrawn_over_the_api_and_then_in_the_file_may_come_back_over_the_api(
    database: Database,
) -> None:
    follow(database, filed())
    change(database, None)
    shipped = rulebook.of_site(None)
    follow(database, shipped)
    change(database, body())
    assert follow(database, shipped) == {}
    assert "tamper" in in_force(database)


def test_without_a_folder_the_rules_of_the_site_stay(
    database: Database,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setitem(migrate.__globals__, "ensure_topics", lambda settings: [])
    follow(database, filed(TAMPER + "  - {id: camera-fire, enabled: false}\n"))
    before = in_force(database)
    migrate(Settings(database_url=SecretStr(database_url)))
    assert in_force(database) == before
    assert "IOC_CONFIG_DIR is not set" in caplog.text
    migrate(Settings(database_url=SecretStr(database_url), config_dir=tmp_path))
    assert in_force(database).keys() == before.keys() - {"tamper"} | {"camera-fire"}
    assert "no file of the site says any more: rule camera-fire, rule tamper" in caplog.text


def test_a_wrong_rule_is_refused_and_the_old_one_stays(database: Database) -> None:
    follow(database, filed())
    with pytest.raises(RuleError, match="severity cannot be 'urgent'"):
        change(database, body(severity="urgent"))
    assert in_force(database)["tamper"] == ("medium", 1)


def test_the_same_wording_makes_no_new_version(database: Database) -> None:
    follow(database, filed())
    assert change(database, body()) == 1


def test_who_when_and_why_is_kept(database: Database) -> None:
    follow(database, filed())
    change(database, body(severity="high"))
    with database.reading() as conn:
        newest, first = rule_versions.versions(conn, "rule", "tamper", None, 10)
    assert (newest["by"], newest["why"], newest["origin"]) == ("lan", "tried it", "api")
    assert (newest["at"], newest["body"]["severity"]) == (NOW, "high")
    assert (first["by"], first["origin"], first["why"]) == ("ioc migrate", "file", "site.yaml:2")


def test_only_what_changed_is_read_again(database: Database) -> None:
    follow(database, filed())
    with database.reading() as conn:
        before = rule_versions.in_force(conn)
    change(database, body(severity="high"))
    with database.reading() as conn:
        after = rule_versions.in_force(conn, before)
        anew = rule_versions.in_force(conn)
    assert after.by_id["fire-alarm"] is before.by_id["fire-alarm"]
    assert after.by_id["tamper"].severity.value == "high"
    assert [rule.id for rule in after.rules] == [rule.id for rule in anew.rules]
    assert after.revision == anew.revision > before.revision


def test_the_list_for_display_is_what_is_in_force(database: Database) -> None:
    follow(database, filed())
    change(database, body(severity="high"))
    change(database, None, rule="sos")
    with database.reading() as conn:
        rows = conn.execute("SELECT id, version, body FROM rules").fetchall()
    assert {row["id"]: row["version"] for row in rows} == {
        rule: version for rule, (_, version) in in_force(database).items()
    }
    assert {row["id"]: row["body"]["severity"] for row in rows}["tamper"] == "high"


@pytest.fixture
def two(database_url: str) -> Iterator[tuple[psycopg.Connection[Any], psycopg.Connection[Any]]]:
    with connect(database_url, "one") as one, connect(database_url, "other") as other:
        yield one, other


def test_a_revision_is_never_seen_before_a_smaller_one(
    database: Database, two: tuple[psycopg.Connection[Any], psycopg.Connection[Any]]
) -> None:
    """The second writer waits for the first: who has seen its revision has seen both."""
    follow(database, filed())
    one, other = two
    other.execute("SET lock_timeout = '200ms'")
    first = Change("rule", "tamper", body(severity="high"), "api", "one")
    second = replace(first, id="sos", body=None)
    with one.transaction():
        rule_versions.change(one, [first], by="one", now=NOW)
        with pytest.raises(psycopg.errors.LockNotAvailable), other.transaction():
            rule_versions.change(other, [second], by="other", now=NOW)
    with other.transaction():
        rule_versions.change(other, [second], by="other", now=NOW)
        seen = rule_versions.in_force(other)
    assert seen.by_id["tamper"].severity.value == "high"
    assert "sos" not in seen.by_id


# What stands beside the rules ---------------------------------------------------------------------

SITE = {
    "rules/tamper.yaml": TAMPER.replace("    per:", "    scope: {tags: [market]}\n    per:"),
    "rules/more.yaml": """\
incidents:
  - {id: knock, title: "Cháy", title_en: "Fire", of: {rules: [fire-alarm, camera-fire]},
     within: 300m, time: 5m, least: 2, sources: 2, severity: critical}
inhibitions:
  - {id: by-fire, parent: {rules: [fire-alarm]}, hides: {rules: [fire-trouble]}, equal: [area]}
plant_states:
  - {id: drill, title: "Diễn tập", hides: {rules: [fire-trouble]}, longest: 4h}
maintenance:
  - {id: panel, hides: {rules: [fire-trouble]}, start: "2026-12-01T08:00", lasts: 2h, reason: "Thử"}
""",
    "philosophy.yaml": """\
philosophy:
  chattering: off
  positions:
    - {id: city, name: "Thành phố", name_en: "City", areas: ["05443"]}
    - {id: main, name: "Trực ban", name_en: "Duty desk"}
""",
    "calendar.yaml": "calendar: {office_hours: ['08:00-12:00']}\n",
    "devices/market.yaml": "devices: [{source: camera, device: cam-7, tags: [market]}]\n",
}


def site_of(folder: Path, **changed: str) -> Path:
    for name, text in {**SITE, **changed}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_all_that_a_site_decides_is_one_revision(database: Database, tmp_path: Path) -> None:
    follow(database, rulebook.of_site(site_of(tmp_path)))
    with database.reading() as conn:
        found = rule_versions.in_force(conn)
        positions = conn.execute("SELECT id FROM positions ORDER BY rank").fetchall()
        windows = conn.execute("SELECT name FROM suppressions WHERE origin = 'yaml'").fetchall()
        tags = conn.execute("SELECT * FROM device_tags").fetchall()
    assert [each.id for each in found.incidents] == ["knock"]
    assert [each.id for each in found.inhibitions] == ["by-fire"]
    assert [each.id for each in found.plant_states] == ["drill"]
    assert not found.philosophy.chattering.is_on
    assert found.calendar != rulebook.in_force(None).calendar
    assert [row["id"] for row in positions] == ["city", "main"]
    assert [row["name"] for row in windows] == ["panel"]
    assert tags == [{"source": "camera", "device": "cam-7", "tag": "market"}]
    assert ("device", frozenset({"cam-7"})) in found.by_id["tamper"].when.needs
    assert follow(database, rulebook.of_site(tmp_path)) == {}


def test_a_device_that_gets_a_tag_is_in_the_rules_that_name_it(
    database: Database, tmp_path: Path
) -> None:
    follow(database, rulebook.of_site(site_of(tmp_path)))
    with database.reading() as conn:
        before = rule_versions.in_force(conn)
    more = SITE["devices/market.yaml"].replace("cam-7", "cam-8")
    changed = follow(database, rulebook.of_site(site_of(tmp_path, **{"devices/market.yaml": more})))
    assert changed == {("devices", "market"): 2}
    with database.reading() as conn:
        after = rule_versions.in_force(conn, before)
    assert ("device", frozenset({"cam-8"})) in after.by_id["tamper"].when.needs
    assert after.by_id["sos"] is before.by_id["sos"]


def test_a_file_that_is_no_text_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    file = tmp_path / "rules" / "site.yaml"
    file.write_bytes(TAMPER.encode().replace("ị".encode(), b"\xec"))
    with pytest.raises(RuleError, match=f"{file}:3: this is not UTF-8"):
        rulebook.of_site(tmp_path)


def test_what_a_site_says_wrong_is_named_with_file_and_line(tmp_path: Path) -> None:
    twice = "incidents:\n" + SITE["rules/more.yaml"].split("inhibitions")[0].split("\n", 1)[1]
    circle = (
        "inhibitions:\n  - {id: round, parent: {rules: [fire-trouble]},"
        " hides: {rules: [fire-alarm]}, equal: [area]}\n"
    )
    for text, problem in (
        (twice, "incident 'knock' stands in"),
        (circle, "circle"),
        ("devices: [{source: camera}]\n", "x.yaml:1: the device lacks device, tags"),
        ("rulez: []\n", "x.yaml:1"),
    ):
        with pytest.raises(RuleError, match=problem):
            rulebook.of_site(site_of(tmp_path, **{"rules/x.yaml": text}))


# Processes ----------------------------------------------------------------------------------------


def smoke_of(n: int) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "type": "ioc.camera.alert",
        "source": "/cam/1",
        "id": f"e-{n}",
        "time": (BASE + timedelta(seconds=n)).isoformat(),
        "area": "05443",
        "device": f"cam-{n}",
        "data": {"label": "tamper"},
    }


def test_two_workers_go_over_to_new_rules_with_their_next_unit(
    database: Database, database_url: str
) -> None:
    """Nothing restarts, and nothing of the unit is lost or counted twice."""
    follow(database, filed())
    store = Store.opened(database_url, RuleSet(revision=-1))
    told = [smoke_of(n) for n in range(6)]
    store.next = {(topic, n): 0 for topic in EVENT_TOPICS for n in range(2)}
    offsets.claim(store.conn, LOG, store.next)
    copies = [
        Copy(n, rank=n, partition=n % 2, worker=n % 2, ends_unit=True, timers_run=True)
        for n in range(len(told))
    ]
    changes = {2: body(severity="high"), 4: None}

    def between(n: int) -> None:
        if n in changes:
            change(database, changes[n])

    store.tell(told, copies, after=between)
    rows = store.rows("SELECT device, severity, rule_version FROM alarms")
    assert rows == [
        ("cam-0", "medium", 1),
        ("cam-1", "medium", 1),
        ("cam-2", "high", 2),
        ("cam-3", "high", 2),
    ]
    assert store.rows("SELECT count(*) FROM events") == [(6,)]
    store.conn.close()


def test_a_wording_of_another_version_of_the_product_leaves_the_old_rules_running(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    follow(database, filed())
    with database.reading() as conn:
        before = reloaded(conn, UNREAD, None)
        conn.execute(
            """INSERT INTO rule_versions (noun, id, version, body, by, at, why, origin, revision)
               VALUES ('rule', 'new', 1, '{"id": "new", "kind": "prophecy"}', 'x', now(), 'x',
                   'file', nextval('rule_revision'))"""
        )
        after = reloaded(conn, before, None)
        assert after.rules == before.rules
        assert after.revision == before.revision + 1, "it is not read again with each unit"
        assert "rule new, version 1" in caplog.text
        with pytest.raises(RuleError):
            reloaded(conn, UNREAD, None)


def test_a_database_without_rules_runs_on_those_of_the_files(database: Database) -> None:
    with database.reading() as conn:
        assert rule_versions.revision(conn) == 0
        rules = reloaded(conn, UNREAD, None)
    assert (rules.revision, "fire-alarm" in rules.by_id) == (0, True)


SILENT = {
    "id": "quiet-panel",
    "title": "Im lặng",
    "title_en": "Silent",
    "type": "ioc.fire.reading",
    "kind": "absence",
    "absence": {"of": "device", "for": "1h"},
    "severity": "low",
}


async def test_a_notifier_looks_by_new_rules_without_a_restart(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    follow(database, filed())

    def scans() -> bool:
        with database.reading() as conn:
            query = "SELECT 1 FROM timers WHERE kind = 'scan' AND key = 'quiet-panel'"
            return conn.execute(query).fetchone() is not None

    process = Process(Settings(database_url=SecretStr(database_url), data_dir=tmp_path))
    running = asyncio.create_task(process.run())
    try:
        await asyncio.sleep(0)
        assert not scans()
        await asyncio.to_thread(change, database, SILENT, "quiet-panel")
        await asyncio.to_thread(eventually, scans, 60.0, "the scan of the new rule")
    finally:
        process.stop()
        await asyncio.wait_for(running, timeout=30)


def test_the_command_line_checks_applies_and_tells_who(
    database: Database, database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    follow(database, filed())
    settings = Settings(database_url=SecretStr(database_url))
    file = tmp_path / "tamper.yaml"
    file.write_text(TAMPER.replace("medium", "low"), encoding="utf-8")
    for said in ("rule tamper: version 2", "nothing changed"):
        assert commands.apply(settings, [file], why="nhẹ hơn", by="Lan") == 0
        assert said in capsys.readouterr().out
    assert in_force(database)["tamper"] == ("low", 2)
    commands.show_log(settings, "tamper")
    newest, first = capsys.readouterr().out.splitlines()
    assert newest.endswith("rule tamper version 2  Lan (api): nhẹ hơn")
    assert first.endswith("rule tamper version 1  ioc migrate (file): site.yaml:2")
    commands.show_log(settings, None)
    assert "rule sos version 1" in capsys.readouterr().out
    file.write_text(TAMPER.replace("medium", "loud"), encoding="utf-8")
    assert commands.apply(settings, [file], why="x", by="Lan") == 1
    assert f"{file}:9: severity cannot be 'loud'" in capsys.readouterr().err
    file.write_text("# nothing yet\n", encoding="utf-8")
    assert commands.check([file]) == 1
    assert f"{file}:1: nothing stands here; write 'rules:'" in capsys.readouterr().err
    file.write_bytes(TAMPER.encode("utf-16"))
    assert commands.check([file]) == 1
    assert f"{file}:1: this is not UTF-8; save it as UTF-8" in capsys.readouterr().err
    assert in_force(database)["tamper"] == ("low", 2)
