from __future__ import annotations

import ipaddress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from connectors.outbound.address import may_reach
from connectors.outbound.webhook import (
    check_secret,
    check_url,
    new_secret,
    redacted,
    signature,
)
from ioc import clock
from ioc.errors import ConfigError

# The vector of the Standard Webhooks libraries.
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY = b'{"test": 2432232314}'


def test_the_signature_is_that_of_the_standards_vector() -> None:
    expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signature(SECRET, MESSAGE, 1614265330, BODY) == expected


@given(st.text(max_size=200))
def test_the_package_standardwebhooks_verifies_ours(text: str) -> None:
    secret, now = new_secret(), clock.now()
    body = text.encode("utf-8", "replace")
    headers = {
        "webhook-id": MESSAGE,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(secret, MESSAGE, int(now.timestamp()), body),
    }
    Webhook(secret).verify(body, headers, json_parse=False)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body + b" ", headers, json_parse=False)


def test_while_a_secret_is_being_changed_both_verify() -> None:
    old, new, now = new_secret(), new_secret(), clock.now()
    check_secret(f"{old} {new}")
    headers = {
        "webhook-id": MESSAGE,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature(f"{old} {new}", MESSAGE, int(now.timestamp()), BODY),
    }
    for secret in (old, new):
        Webhook(secret).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)


def test_our_signature_is_the_packages_signature() -> None:
    at = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)
    theirs = Webhook(SECRET).sign(MESSAGE, at, BODY.decode())
    assert signature(SECRET, MESSAGE, int(at.timestamp()), BODY) == theirs


@pytest.mark.parametrize(
    "secret",
    ["", "secret", "whsec_", "whsec_c2hvcnQ=", "whsec_***", f"{SECRET} {SECRET} {SECRET}"],
)
def test_what_is_no_secret_is_refused_without_being_said(secret: str) -> None:
    with pytest.raises(ConfigError, match="secret: ") as refused:
        check_secret(secret)
    assert "c2hvcnQ" not in str(refused.value)


PRIVATE = [
    "127.0.0.1",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fc00::1",
    "fec0::1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
]
NEVER = [
    "0.0.0.0",  # noqa: S104
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "ff02::1",
    "::ffff:169.254.169.254",
    "::ffff:0.0.0.0",
]
PUBLIC = ["8.8.8.8", "113.160.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_reached_only_when_that_is_allowed(address: str) -> None:
    ip = ipaddress.ip_address(address)
    assert not may_reach(ip, allow_private=False)
    assert may_reach(ip, allow_private=True)


@pytest.mark.parametrize("address", NEVER)
def test_link_local_multicast_and_any_are_never_reached(address: str) -> None:
    ip = ipaddress.ip_address(address)
    assert not may_reach(ip, allow_private=False)
    assert not may_reach(ip, allow_private=True)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_reached(address: str) -> None:
    assert may_reach(ipaddress.ip_address(address), allow_private=False)


@given(st.ip_addresses(v=4))
def test_an_address_inside_ipv6_is_judged_like_itself(inner: ipaddress.IPv4Address) -> None:
    mapped = ipaddress.IPv6Address(f"::ffff:{inner}")
    for allow_private in (False, True):
        assert may_reach(mapped, allow_private) == may_reach(inner, allow_private)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.org/x",
        "ftp://hooks.example.org/x",
        "file:///etc/passwd",
        "https://",
        "https://:443/",
        "https://hooks.example.org:99999/",
        "https://hooks.example.org:0/",
        "https://hooks.example.org/#x",
        "https://hooks.example.org/a b",
        "https://hooks.example.org/a\nb",
        "https://[::1",
        "https://hooks.example.org/" + "x" * 3000,
        "http://localhost/",
        "http://LOCALHOST./",
        "http://a.localhost:8080/",
        "http://127.0.0.1/",
        "http://[::ffff:127.0.0.1]/",
        "http://user:pass@10.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_a_url_that_leads_nowhere_or_inside_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="url: "):
        check_url(url, allow_private=False)


def test_public_urls_pass_and_private_ones_when_allowed() -> None:
    check_url("https://hooks.example.org:8443/ioc?token=x", allow_private=False)
    check_url("http://127.0.0.1:9000/hook", allow_private=True)
    check_url("http://localhost/hook", allow_private=True)
    with pytest.raises(ConfigError):
        check_url("http://169.254.169.254/", allow_private=True)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://api.telegram.org/bot123:abc/send", "https://api.telegram.org/…"),
        ("https://user:pass@hooks.example.org/", "https://hooks.example.org/…"),
        ("https://hooks.example.org:8443/?token=x", "https://hooks.example.org:8443/…"),
        ("http://[2606:4700::1]:80/x", "http://[2606:4700::1]:80/…"),
        ("https://hooks.example.org", "https://hooks.example.org"),
        ("https://hooks.example.org:port/", "…"),
    ],
)
def test_logs_show_where_and_hide_what_may_be_secret(url: str, said: str) -> None:
    assert redacted(url) == said
