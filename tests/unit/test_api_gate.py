from __future__ import annotations

import pytest

from api.cursor import read_number, read_time_and_id, written
from api.gate import Gate
from api.problem import Problem
from connectors.timescale.keys import Role
from ioc import clock


async def nothing(*_: object) -> None:
    return None


LOCAL = Gate(nothing, host="127.0.0.1", allowed_hosts=["ioc.example", "dev.example:8443"])
OPEN = Gate(nothing, host="0.0.0.0", allowed_hosts=["ioc.example"])  # noqa: S104 - not listened on


def test_a_loopback_listener_answers_to_loopback_and_allowed_names_only() -> None:
    for host in ("localhost", "a.localhost:1", "127.0.0.1:8080", "127.9.9.9", "[::1]:8080"):
        assert LOCAL.answers_to(host), host
    for host in ("ioc.example", "IOC.example:443", "dev.example:8443"):
        assert LOCAL.answers_to(host), host
    for host in (
        *("", "evil.example", "dev.example", "dev.example:1", "10.0.0.5", "localhost.evil.example"),
        *("127.0.0.1@evil.example", "evil.example/localhost", "localhost:x", "[::1", "::1]"),
    ):
        assert not LOCAL.answers_to(host), host


def test_an_open_listener_also_answers_to_plain_addresses() -> None:
    assert OPEN.answers_to("10.0.0.5:8080")
    assert OPEN.answers_to("[2001:db8::1]")
    assert not OPEN.answers_to("evil.example")


def test_only_a_page_from_the_same_place_is_ours() -> None:
    for origin, host in (
        ("http://localhost:8080", "localhost:8080"),
        ("https://ioc.example", "ioc.example:443"),
        ("https://ioc.example", "127.0.0.1:8080"),  # behind a proxy that says its own name
    ):
        assert LOCAL.is_own_page(origin, host), origin
    for origin in (
        *("null", "", "http://evil.example", "http://localhost:3000", "https://ioc.example:1"),
        *("chrome-extension://localhost:8080", "http://localhost:8080@evil.example"),
    ):
        assert not LOCAL.is_own_page(origin, "localhost:8080"), origin


def test_roles_stand_above_each_other_but_the_connector_stands_aside() -> None:
    allowed = {(role, needed) for role in Role for needed in Role if role.includes(needed)}
    assert allowed == {
        (Role.VIEWER, Role.VIEWER),
        (Role.OPERATOR, Role.VIEWER),
        (Role.OPERATOR, Role.OPERATOR),
        (Role.ADMIN, Role.VIEWER),
        (Role.ADMIN, Role.OPERATOR),
        (Role.ADMIN, Role.ADMIN),
        (Role.CONNECTOR, Role.CONNECTOR),
    }


def test_a_cursor_comes_back_as_it_was_and_any_other_text_is_refused() -> None:
    now, name = clock.now(), "7f2c0d5e-6f0f-4b52-9b0b-0d6f7a1f2c3d"
    at, found = read_time_and_id(written(now, name)) or (None, None)
    assert (at, str(found)) == (now, name)
    assert read_number(written(42)) == 42
    for wrong in ("", "x", "%", "ÿ", written("a", "b"), written(1, 2, 3), written(-1), "A" * 200):
        for reader in (read_time_and_id, read_number):
            with pytest.raises(Problem) as refused:
                reader(wrong)
            assert (refused.value.status_code, refused.value.code) == (400, "cursor")
