"""Rules over the API: changed, withdrawn, checked, and their history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from connectors.timescale import keys
from connectors.timescale.database import Database
from tests.api_server import running_api
from tests.integration.test_rule_versions import NOW, TAMPER, body, filed, follow, in_force


@pytest.fixture
def api(database_url: str, database: Database, tmp_path: Path) -> Iterator[httpx.Client]:
    follow(database, filed())
    with running_api(database_url, "127.0.0.1:1", tmp_path) as client:
        yield client


TAMPER_ALONE = """\
id: tamper
title: "Camera bị che"
title_en: "Camera covered"
type: ioc.camera.alert
kind: match
when: {label: tamper}
per: device
severity: high
"""


def put(api: httpx.Client, text: str, rule: str = "tamper") -> httpx.Response:
    body = {"text": text, "why": "Hay bị che vào giờ tan học", "by": "Lan"}
    return api.put(f"/api/v1/rules/{rule}", json=body)


def test_a_rule_is_changed_over_the_api_and_keeps_its_history(
    api: httpx.Client, database: Database
) -> None:
    answer = put(api, TAMPER_ALONE)
    assert (answer.status_code, answer.json()["version"]) == (200, 2), answer.text
    listed = api.get("/api/v1/rules").json()
    assert listed["revision"] == answer.json()["revision"]
    (shown,) = [rule for rule in listed["rules"] if rule["id"] == "tamper"]
    assert (shown["version"], shown["body"]["severity"]) == (2, "high")
    newest, first = api.get("/api/v1/rules/tamper/versions").json()["versions"]
    assert (newest["by"], newest["why"]) == ("Lan", "Hay bị che vào giờ tan học")
    assert (first["version"], first["body"]["severity"]) == (1, "medium")
    assert in_force(database)["tamper"] == ("high", 2)


def test_a_wrong_rule_is_answered_with_its_line_and_the_old_one_runs_on(
    api: httpx.Client, database: Database
) -> None:
    answer = put(api, TAMPER_ALONE.replace("severity: high", "severity: urgent"))
    assert (answer.status_code, answer.json()["code"]) == (400, "rule")
    (error,) = answer.json()["errors"]
    assert error["line"] == 8
    assert "cannot be 'urgent'" in error["text"]
    for text in (TAMPER_ALONE.replace("tamper}", "tamper"), "[]", "", TAMPER * 2):
        assert put(api, text).json()["code"] == "rule"
    assert put(api, TAMPER_ALONE, rule="another").json()["errors"][0]["line"] == 1
    assert in_force(database)["tamper"] == ("medium", 1)


def test_a_rule_comes_as_json_too_but_not_as_both(api: httpx.Client) -> None:
    said = {"why": "x", "by": "Lan"}
    answer = api.put("/api/v1/rules/tamper", json={"body": body(severity="low"), **said})
    assert answer.json()["version"] == 2
    both = {"body": body(), "text": TAMPER, **said}
    for wrong in (both, said, {"body": body(title="\0"), **said}, {"text": TAMPER, "by": "Lan"}):
        assert api.put("/api/v1/rules/tamper", json=wrong).status_code == 400


def test_a_rule_is_withdrawn_over_the_api(api: httpx.Client, database: Database) -> None:
    answer = api.request("DELETE", "/api/v1/rules/tamper", json={"why": "Không cần nữa"})
    assert answer.json()["version"] == 2
    assert "tamper" not in in_force(database)
    versions = api.get("/api/v1/rules/tamper/versions").json()["versions"]
    assert versions[0]["body"] is None
    never = api.request("DELETE", "/api/v1/rules/never", json={"why": "x"})
    assert never.status_code == 404
    assert api.get("/api/v1/rules/never/versions").status_code == 404


def test_a_text_is_checked_without_being_stored(api: httpx.Client) -> None:
    wrong = TAMPER_ALONE.replace("per: device", "per: devices")
    answer = api.post("/api/v1/rules/check", json={"text": wrong})
    assert answer.json()["rules"] == 0
    assert [problem["line"] for problem in answer.json()["problems"]] == [7]
    assert api.post("/api/v1/rules/check", json={"text": TAMPER}).json() == {
        "rules": 1,
        "problems": [],
    }


def test_versions_come_in_pages(api: httpx.Client) -> None:
    for severity in ("high", "low", "critical"):
        put(api, TAMPER_ALONE.replace("high", severity))
    page = api.get("/api/v1/rules/tamper/versions", params={"limit": 3}).json()
    assert [each["version"] for each in page["versions"]] == [4, 3, 2]
    query = {"limit": 3, "cursor": page["next"]}
    rest = api.get("/api/v1/rules/tamper/versions", params=query).json()
    assert ([each["version"] for each in rest["versions"]], rest["next"]) == ([1], None)


def test_only_an_admin_changes_rules(database_url: str, database: Database, tmp_path: Path) -> None:
    with database.transaction() as conn:
        tokens = {
            role: keys.create(conn, role, role, None, NOW)[1] for role in ("operator", "admin")
        }
        _, bound = keys.create(conn, "bound", "admin", "05443", NOW)
    with running_api(database_url, "127.0.0.1:1", tmp_path, auth=True) as client:
        for token, status in ((tokens["operator"], 403), (bound, 403), (tokens["admin"], 200)):
            client.headers["X-API-Key"] = token
            assert put(client, TAMPER_ALONE).status_code == status
        newest = client.get("/api/v1/rules/tamper/versions").json()["versions"][0]
    assert newest["by"] == "admin", "who has a key is called by its name"
