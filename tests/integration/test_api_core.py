"""Keys, sessions, the gate, health and the pages, on a real API over a real database."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from api import span
from api.auth import Keyring, check_start
from connectors.timescale import deliveries, keys, processes
from connectors.timescale.database import Database
from ioc import clock
from ioc.errors import ConfigError, DatabaseUnavailableError
from ioc.settings import Settings
from ioc.topics import EVENT_TOPICS
from tests.api_server import running_api
from tests.patience import patient

NOWHERE = "127.0.0.1:1"
#: What a browser says when somebody opens an address.
PERSON = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@dataclass(frozen=True)
class Keys:
    viewer: str
    operator: str
    admin: str
    connector: str
    commune: str


@pytest.fixture
def tokens(database: Database) -> Keys:
    made = {}
    with database.transaction() as conn:
        for role in ("viewer", "operator", "admin", "connector"):
            made[role] = keys.create(conn, f"a {role}", role, None, clock.now())[1]
        _, commune = keys.create(conn, "a commune", "operator", "05443", clock.now())
    return Keys(**made, commune=commune)


@pytest.fixture
def open_api(database_url: str, tmp_path: Path) -> Iterator[httpx.Client]:
    with running_api(database_url, NOWHERE, tmp_path) as client:
        yield client


@pytest.fixture
def guarded_api(database_url: str, tmp_path: Path, tokens: Keys) -> Iterator[httpx.Client]:
    with running_api(database_url, NOWHERE, tmp_path, auth=True) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_a_sum_of_deliveries_that_takes_too_long_is_given_up(
    open_api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span, "READ_TIMEOUT_MS", 50)
    monkeypatch.setattr(deliveries, "SQL", {**deliveries.SQL, "summary": "SELECT pg_sleep(5)"})
    answer = open_api.get("/api/v1/deliveries/summary", params={"hours": 744})
    assert (answer.status_code, answer.json()["code"]) == (400, "too_broad")


# Keys -------------------------------------------------------------------------------------------


def test_without_a_key_nobody_gets_in(guarded_api: httpx.Client) -> None:
    for path in ("/events", "/areas", "/rules", "/dead-letters", "/deliveries", "/webhooks", "/me"):
        answer = guarded_api.get(f"/api/v1{path}")
        assert answer.status_code == 401, path
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["code"] == "not_authenticated"


def test_each_role_sees_what_is_its_own(guarded_api: httpx.Client, tokens: Keys) -> None:
    for role, path, status in (
        ("viewer", "/areas", 200),
        ("viewer", "/events", 200),
        ("viewer", "/alarms", 200),
        ("viewer", "/overview", 200),
        ("viewer", "/dead-letters", 403),
        ("viewer", "/deliveries", 403),
        ("operator", "/dead-letters", 200),
        ("operator", "/deliveries", 200),
        ("operator", "/webhooks", 200),
        ("admin", "/webhooks", 200),
        ("connector", "/events", 403),
        ("connector", "/areas", 403),
        ("connector", "/live", 403),
        ("connector", "/me", 403),
    ):
        token = getattr(tokens, role)
        for headers in (bearer(token), {"X-API-Key": token}):
            answer = guarded_api.get(f"/api/v1{path}", headers=headers)
            assert answer.status_code == status, (role, path)


def test_a_screen_knows_what_its_key_may_do(guarded_api: httpx.Client, tokens: Keys) -> None:
    def may(role: str) -> set[str]:
        token = getattr(tokens, role)
        return set(guarded_api.get("/api/v1/me", headers=bearer(token)).json()["may"])

    paths = guarded_api.get("/api/openapi.json").json()["paths"]
    prefix = "/api/v1/alarms/{alarm_id}/"
    moves = {path.removeprefix(prefix) for path in paths if path.startswith(prefix)}
    moves = {move for move in moves if "post" in paths[prefix + move]}
    assert "acknowledge" in moves
    assert may("viewer") == set()
    assert may("operator") >= moves | {"approve", "suppress", "incident"}
    assert may("admin") - may("operator") == {"rule", "what_if", "webhook"}
    # What is promised is so: a viewer is refused whatever they say.
    headers = bearer(tokens.viewer)
    for move in moves:
        path = prefix.format(alarm_id="0b5f0c9e-3a53-5d9e-8f0b-0c2f5f3f7a10") + move
        assert guarded_api.post(path, headers=headers, json={}).status_code == 403, move


def test_only_an_admin_changes_whom_we_tell(guarded_api: httpx.Client, tokens: Keys) -> None:
    hook = {"name": "police", "url": "https://hooks.example.org/x"}
    refused = guarded_api.post("/api/v1/webhooks", headers=bearer(tokens.operator), json=hook)
    assert refused.status_code == 403
    made = guarded_api.post("/api/v1/webhooks", headers=bearer(tokens.admin), json=hook)
    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    again = guarded_api.post("/api/v1/webhooks", headers=bearer(tokens.admin), json=hook)
    assert again.status_code == 409
    listed = guarded_api.get("/api/v1/webhooks", headers=bearer(tokens.operator))
    assert [one["name"] for one in listed.json()["webhooks"]] == ["police"]
    assert made.json()["secret"] not in listed.text
    path = f"/api/v1/webhooks/{made.json()['id']}"
    assert guarded_api.delete(path, headers=bearer(tokens.operator)).status_code == 403
    assert guarded_api.delete(path, headers=bearer(tokens.admin)).status_code == 204
    assert guarded_api.delete(path, headers=bearer(tokens.admin)).status_code == 404


def test_a_viewer_and_an_operator_send_no_events(guarded_api: httpx.Client, tokens: Keys) -> None:
    for token in (tokens.viewer, tokens.operator):
        answer = guarded_api.post("/api/v1/events", headers=bearer(token), content=b"{}")
        assert answer.status_code == 403


def test_a_key_of_a_commune_sees_only_that_commune(guarded_api: httpx.Client, tokens: Keys) -> None:
    key = bearer(tokens.commune)
    assert guarded_api.get("/api/v1/events", headers=key).status_code == 200
    assert guarded_api.get("/api/v1/events?area=05443", headers=key).status_code == 200
    other = guarded_api.get("/api/v1/events?area=01840", headers=key)
    assert (other.status_code, other.json()["code"]) == (403, "other_area")
    assert guarded_api.get("/api/v1/dead-letters", headers=key).status_code == 403
    assert guarded_api.get("/api/v1/deliveries", headers=key).status_code == 403


def test_a_key_is_kept_as_a_hash_only(database: Database, tokens: Keys) -> None:
    with database.reading() as conn:
        stored = conn.execute("SELECT keys::text AS line FROM keys").fetchall()
    assert len(stored) == 5
    assert not any(tokens.admin in row["line"] for row in stored)


def test_a_revoked_key_gets_in_no_more(guarded_api: httpx.Client, database: Database) -> None:
    with database.transaction() as conn:
        _, token = keys.create(conn, "gone", "viewer", None, clock.now())
        keys.revoke(conn, "gone", clock.now())
    assert guarded_api.get("/api/v1/areas", headers=bearer(token)).status_code == 401


def test_a_known_key_is_still_known_while_the_database_is_away(database_url: str) -> None:
    database = Database(database_url, "test").open()
    keyring = Keyring(database)
    with database.transaction() as conn:
        _, token = keys.create(conn, "sensor", "connector", None, clock.now())
    assert keyring.key(token, is_session=False, now=clock.now()) is not None
    database.close()
    keyring._known = type(keyring._known)(  # as if it had been looked up a minute ago
        (known_by, (key, seen_at - 60)) for known_by, (key, seen_at) in keyring._known.items()
    )
    found = keyring.key(token, is_session=False, now=clock.now())
    assert found is not None
    assert found.name == "sensor"
    with pytest.raises(DatabaseUnavailableError):
        keyring.key("ioc_never-seen", is_session=False, now=clock.now())


def test_the_same_name_twice_and_a_role_that_is_none_are_refused(database: Database) -> None:
    with database.transaction() as conn:
        with pytest.raises(ConfigError, match="is no role"):
            keys.create(conn, "x", "king", None, clock.now())
        with pytest.raises(ConfigError, match="is no commune"):
            keys.create(conn, "x", "viewer", "99999", clock.now())


# Starting ---------------------------------------------------------------------------------------


def test_without_authentication_it_listens_on_loopback_only() -> None:
    with pytest.raises(ConfigError, match="loopback only"):
        check_start(Settings(api_host="0.0.0.0"))  # noqa: S104 - refused, which is the point
    check_start(Settings(api_host="127.0.0.1"))


def test_with_authentication_there_must_be_a_key(database_url: str, database: Database) -> None:
    settings = Settings(database_url=database_url, api_host="0.0.0.0", auth=True)  # noqa: S104  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="no key"):
        check_start(settings)
    with database.transaction() as conn:
        keys.create(conn, "first", "admin", None, clock.now())
    check_start(settings)


# Sessions ---------------------------------------------------------------------------------------


def test_a_login_gives_a_cookie_that_scripts_and_other_sites_cannot_use(
    guarded_api: httpx.Client, tokens: Keys
) -> None:
    answer = guarded_api.post("/api/v1/login", json={"key": tokens.operator})
    assert answer.status_code == 200
    known = answer.json()
    assert "acknowledge" in known.pop("may")
    assert known == {
        "name": "a operator",
        "role": "operator",
        "area": None,
        "authentication": True,
    }
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert tokens.operator.lower() not in cookie
    assert guarded_api.get("/api/v1/dead-letters").status_code == 200
    assert guarded_api.post("/api/v1/logout").status_code == 204
    guarded_api.cookies.set("ioc_session", cookie.split("=")[1].split(";")[0])
    assert guarded_api.get("/api/v1/dead-letters").status_code == 401


def test_a_wrong_key_and_a_connector_cannot_log_in(guarded_api: httpx.Client, tokens: Keys) -> None:
    assert guarded_api.post("/api/v1/login", json={"key": "ioc_wrong"}).status_code == 401
    assert guarded_api.post("/api/v1/login", json={"key": tokens.connector}).status_code == 403


def test_a_session_ends_with_its_time_and_with_its_key(database: Database) -> None:
    now = clock.now()
    with database.transaction() as conn:
        key, _ = keys.create(conn, "day shift", "operator", None, now)
        token = keys.open_session(conn, key, now, timedelta(hours=1))
        assert keys.of_session(conn, token, now) is not None
        assert keys.of_session(conn, token, now + timedelta(hours=1)) is None
        assert keys.of_token(conn, token) is None  # a cookie is no key
        keys.revoke(conn, "day shift", now)
        assert keys.of_session(conn, token, now) is None


def test_a_wall_link_opens_one_display_once_and_it_can_only_look(
    guarded_api: httpx.Client, tokens: Keys
) -> None:
    made = guarded_api.post("/api/v1/wall-links", headers=bearer(tokens.admin))
    assert made.status_code == 201
    with httpx.Client(base_url=guarded_api.base_url) as display:
        opened = display.get(made.json()["url"])
        assert (opened.status_code, opened.headers["location"]) == (303, "/wall?area=19")
        assert display.get("/api/v1/me").json()["role"] == "viewer"
        assert display.get("/api/v1/events").status_code == 200
        assert display.get("/api/v1/dead-letters").status_code == 403
        assert display.post("/api/v1/events", content=b"{}").status_code == 403
    with httpx.Client(base_url=guarded_api.base_url) as thief:
        assert thief.get(made.json()["url"]).status_code == 401
        shown = thief.get(made.json()["url"], headers=PERSON)
        assert (shown.status_code, 'href="/login"' in shown.text) == (401, True)
        thief.cookies.set("ioc_session", made.json()["url"].split("link=")[1])
        assert thief.get("/api/v1/me").status_code == 401


# The gate ---------------------------------------------------------------------------------------


def test_another_name_for_this_machine_is_refused(open_api: httpx.Client) -> None:
    for host in ("evil.example", "127.0.0.1.evil.example:80", ""):
        answer = open_api.get("/api/v1/areas", headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (403, "host_not_allowed"), host
        assert open_api.get("/livez", headers={"Host": host}).status_code == 200
    for host in ("localhost:8080", "127.0.0.1", "[::1]:9", "LOCALHOST"):
        assert open_api.get("/api/v1/areas", headers={"Host": host}).status_code == 200, host


def test_a_page_of_another_site_cannot_act(open_api: httpx.Client) -> None:
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        for path in ("/events", "/login", "/webhooks"):
            answer = open_api.post(f"/api/v1{path}", headers={"Origin": origin}, content=b"{}")
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin"), origin
        live = open_api.get("/api/v1/live", headers={"Origin": origin})
        assert live.status_code == 403
    own = str(open_api.base_url).rstrip("/")
    answer = open_api.post("/api/v1/login", headers={"Origin": own}, json={"key": "x"})
    assert answer.status_code == 200


def test_every_answer_carries_the_security_headers(open_api: httpx.Client) -> None:
    for path in ("/wall", "/console", "/api/v1/areas", "/api/docs", "/nothing", "/livez"):
        headers = open_api.get(path).headers
        policy = headers["content-security-policy"]
        default = "'self'" if path == "/api/docs" else "'none'"
        assert policy.startswith(f"default-src {default};"), path
        assert "unsafe" not in policy
        assert ("require-trusted-types-for 'script'" in policy) == (path != "/api/docs"), path
        assert headers["x-content-type-options"] == "nosniff"


def test_a_body_is_counted_while_it_comes_in(open_api: httpx.Client) -> None:
    def without_end() -> Iterator[bytes]:
        for _ in range(64):
            yield b" " * (1024 * 1024)

    answer = open_api.post("/api/v1/events", content=without_end())
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


# Errors -----------------------------------------------------------------------------------------


ERRORS = (
    ("GET", "/api/v1/nothing", 404, "not_found"),
    ("GET", "/nothing", 404, "not_found"),
    ("DELETE", "/api/v1/areas", 405, "method_not_allowed"),
    ("GET", "/api/v1/areas/99999/boundary", 404, "not_found"),
    ("GET", "/api/v1/events?limit=1001", 400, "invalid"),
    ("GET", "/api/v1/events?limit=x", 400, "invalid"),
    ("GET", "/api/v1/events?from=yesterday", 400, "invalid"),
    ("GET", "/api/v1/events?from=2026-01-01T00:00:00", 400, "invalid"),
    ("GET", "/api/v1/events?cursor=%01%FF", 400, "cursor"),
    ("GET", "/api/v1/events?cursor=abcd", 400, "cursor"),
    ("GET", "/api/v1/events?area=99999", 400, "area"),
    ("GET", "/api/v1/dead-letters/1", 404, "not_found"),
    ("GET", "/api/v1/dead-letters/99999999999999999999999", 400, "invalid"),
    ("GET", "/api/v1/dead-letters?cursor=LTE", 400, "cursor"),
    ("DELETE", "/api/v1/webhooks/7f2c0d5e-6f0f-4b52-9b0b-0d6f7a1f2c3d", 404, "not_found"),
    ("POST", "/api/v1/events", 415, "unsupported_media_type"),
    ("GET", "/api/v1/events?source=%00", 400, "invalid"),
    ("GET", "/api/v1/deliveries?cursor=x", 400, "invalid"),
)


def test_every_error_is_a_problem_with_a_code(open_api: httpx.Client) -> None:
    for method, path, status, code in ERRORS:
        answer = open_api.request(method, path)
        assert answer.headers["content-type"] == "application/problem+json", path
        body = answer.json()
        assert (answer.status_code, body["status"], body["code"]) == (status, status, code), path
        assert body["type"] == "about:blank"
        assert body["title"]
        assert body["detail"]


def test_a_webhook_to_a_private_address_or_with_a_wrong_filter_is_refused(
    open_api: httpx.Client,
) -> None:
    for url in ("http://127.0.0.1/x", "http://169.254.169.254/", "ftp://a.example", "x"):
        answer = open_api.post("/api/v1/webhooks", json={"name": "x", "url": url})
        assert answer.status_code == 400, url
    for wanted in (
        {"colour": "red"},
        {"area": ["99999"]},
        {"rule": ["a\u0000b"]},
        {"rule": ["\ud800"]},
    ):
        body = {"name": "x", "url": "https://hooks.example.org/", "filter": wanted}
        answer = open_api.post("/api/v1/webhooks", content=json.dumps(body))
        assert answer.status_code == 400, wanted


def test_an_error_does_not_repeat_what_was_sent(open_api: httpx.Client) -> None:
    answer = open_api.post("/api/v1/login", json={"key": "secret " * 100})
    assert answer.status_code == 400
    assert "secret" not in answer.text


def test_without_a_database_the_answer_is_503_and_when_to_come_back(tmp_path: Path) -> None:
    nowhere = "postgresql://ioc@127.0.0.1:1/ioc"
    with running_api(nowhere, NOWHERE, tmp_path) as client:
        answer = client.get("/api/v1/rules")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
        assert int(answer.headers["retry-after"]) > 0
        assert "127.0.0.1:1" not in answer.text


# Health and pages -------------------------------------------------------------------------------


def test_ready_says_what_is_missing(open_api: httpx.Client) -> None:
    assert open_api.get("/livez").status_code == 200
    answer = open_api.get("/readyz")
    assert answer.status_code == 503
    assert "broker" in answer.json()["missing"]


def test_under_ioc_up_ready_speaks_for_all(
    database_url: str, database: Database, tmp_path: Path
) -> None:
    with running_api(database_url, NOWHERE, tmp_path, log_id="log-1") as api:

        def missing() -> dict[str, str]:
            return dict(api.get("/readyz").json()["missing"])

        eventually(lambda: "are held by none" in missing().get("worker", ""))
        assert "notifier" in missing()
        holds = {"log": "log-1", "now": clock.now(), "parts": 4, "topics": list(EVENT_TOPICS)}
        with database.transaction() as conn:
            conn.execute(
                """INSERT INTO offsets (log, topic, partition, next, held_at)
                   SELECT %(log)s, topic, partition, 0, %(now)s
                   FROM unnest(%(topics)s::text[]) AS topic,
                        generate_series(0, %(parts)s - 1) AS partition""",
                holds,
            )
            processes.beat(conn, "notifier-1", "notifier", clock.now(), clock.now())
        eventually(lambda: set(missing()) == {"broker"})
        with database.reading() as conn:
            assert processes.living(conn, clock.now()) == {"api": 1, "notifier": 1}
    with database.reading() as conn:  # it signed off
        assert processes.living(conn, clock.now()) == {"notifier": 1}


def eventually(condition: Callable[[], bool], within_s: float = 8.0) -> None:
    deadline = time.monotonic() + patient(within_s)
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.05)


def test_metrics_are_there_for_prometheus(open_api: httpx.Client) -> None:
    text = open_api.get("/metrics").text
    assert "ioc_api_sse_clients" in text
    open_api.get("/api/v1/areas/05443/boundary")
    text = open_api.get("/metrics").text
    assert 'route="/areas/{code}/boundary",status="2xx"' in text


def test_the_pages_are_our_own_files(open_api: httpx.Client) -> None:
    for path in ("/wall", "/login", "/api/docs"):
        page = open_api.get(path)
        assert page.status_code == 200
        assert "http" not in page.text.replace("http-equiv", ""), path
    # What stands in the address is the page's own business, whatever it is called.
    shown = open_api.get("/console?page=deliveries&status=delivered&file=x&method=1")
    assert shown.text == open_api.get("/console").text
    assert open_api.get("/web/vendor/swagger/swagger-ui.css").status_code == 200
    assert open_api.get("/web/../app.py").status_code == 404
    assert open_api.get("/web/%2e%2e/app.py").status_code == 404


def test_an_address_that_leads_nowhere_is_a_page_for_people_and_a_problem_for_programs(
    open_api: httpx.Client,
) -> None:
    for path in ("/wal", "/console/x", "/web/js/nothing.js"):
        shown = open_api.get(path, headers=PERSON)
        assert (shown.status_code, shown.headers["content-type"]) == (
            404,
            "text/html; charset=utf-8",
        ), path
        assert all(f'href="{there}"' in shown.text for there in ("/wall", "/console"))
        told = open_api.get(path)
        assert (told.status_code, told.json()["code"]) == (404, "not_found"), path
    for answer in (
        open_api.get("/api/v1/nothing", headers=PERSON),
        open_api.post("/wal", headers=PERSON),
    ):
        assert answer.headers["content-type"] == "application/problem+json"
    icon = open_api.get("/favicon.ico")
    assert (icon.status_code, icon.headers["content-type"]) == (200, "image/svg+xml")


def test_areas_and_outlines_are_there_and_cacheable(open_api: httpx.Client) -> None:
    areas = open_api.get("/api/v1/areas").json()["areas"]
    assert len(areas) == 93
    assert areas[0] == {
        "code": "19",
        "name": "Thái Nguyên",
        "name_en": "Thai Nguyen",
        "kind": "province",
        "lat": 22.035335,
        "lon": 105.791328,
        "former": [],
    }
    by_code = {area["code"]: area for area in areas}
    assert "Phường Hoàng Văn Thụ" in by_code["05443"]["former"]
    outlines = open_api.get("/api/v1/areas/boundaries")
    assert len(outlines.json()["features"]) == 92
    again = open_api.get(
        "/api/v1/areas/boundaries", headers={"If-None-Match": outlines.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    one = open_api.get("/api/v1/areas/05443/boundary").json()
    assert one["properties"]["code"] == "05443"
