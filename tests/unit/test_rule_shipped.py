"""What the rules that every site starts with do with the province's events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from ioc.rule import EMPTY, Clear, Fact, Raise, Window, evaluate, shipped
from ioc.rule.scan import Finding, Notice
from ioc.severity import Severity

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
FIRE_KINDS = ["smoke", "heat", "flame", "gas", "manual", "waterflow"]


@dataclass(frozen=True)
class Seen:
    """An event as the rules see it."""

    type: str
    data: dict[str, object]
    source: str = "fire"
    kind: str = ""
    device: str | None = "panel-1/zone-1"
    area: str | None = "05443"
    severity: str | None = None
    ce_source: str = "/sia/1234"
    ce_id: str = "e-1"
    time: datetime = NOON
    received_at: datetime = NOON

    def at(self, seconds: int) -> Seen:
        time = NOON + timedelta(seconds=seconds)
        return replace(self, time=time, received_at=time, ce_id=f"e-{seconds}")


def reading(kind: str, state: str, seconds: int = 0) -> Seen:
    return Seen("ioc.fire.reading", {"kind": kind, "state": state}, kind=kind).at(seconds)


def report(status: str, seconds: int = 0, **data: object) -> Seen:
    data = {"report": "SOS-1", "category": "emergency", "status": status, **data}
    return Seen("ioc.citizen.report", data, "citizen", "emergency", device=None).at(seconds)


def alert(label: str, seconds: int = 0, camera: str = "cam-1", **data: object) -> Seen:
    data = {"label": label, **data}
    return Seen("ioc.camera.alert", data, "camera", label, device=camera).at(seconds)


@dataclass
class Site:
    """The windows of all shipped rules, and what they said."""

    windows: dict[tuple[str, str], Window] = field(default_factory=dict)

    def hears(self, fact: Fact) -> list[str]:
        told: list[str] = []
        for rule in shipped().touched(fact):
            key = rule.key(fact)
            assert key is not None
            window, verdicts = evaluate(rule, self.windows.get((rule.id, key), EMPTY), fact)
            self.windows[rule.id, key] = window
            for verdict in verdicts:
                word = {Raise: "raise", Clear: "clear"}[type(verdict)]
                told.append(f"{word} {rule.id} {verdict.key}")
        return told


@pytest.fixture
def site() -> Site:
    return Site()


def test_the_shipped_rules_are_those_of_the_contract() -> None:
    assert {
        rule.id: (rule.severity, [per.value for per in rule.per]) for rule in shipped().rules
    } == {
        "fire-alarm": (Severity.CRITICAL, ["device"]),
        "fire-trouble": (Severity.LOW, ["device"]),
        "sos": (Severity.CRITICAL, ["report"]),
        "camera-fire": (Severity.HIGH, ["area"]),
        "queue-wait": (Severity.MEDIUM, ["office"]),
        "dossier-overdue": (Severity.LOW, ["office"]),
        "report-overdue": (Severity.MEDIUM, ["area", "kind"]),
        "silent-fire-device": (Severity.LOW, ["device"]),
        "silent-camera": (Severity.LOW, ["device"]),
        "blind-commune": (Severity.MEDIUM, ["area"]),
    }
    assert all(rule.guidance for rule in shipped().rules)
    assert all(rule.ack_required for rule in shipped().event_rules)


def test_the_rules_about_time_end_by_themselves_and_cost_no_event(site: Site) -> None:
    assert not any(rule.ack_required for rule in shipped().scan_rules)
    ticket: dict[str, object] = {"office": "MC-01", "ticket": "A1", "action": "issued"}
    assert site.hears(Seen("ioc.queue.ticket", ticket, "queue", "issued", device=None)) == []


@pytest.mark.parametrize(
    ("rule", "n", "severity"),
    [
        ("queue-wait", 3, Severity.MEDIUM),
        ("queue-wait", 20, Severity.HIGH),
        ("dossier-overdue", 19, Severity.LOW),
        ("dossier-overdue", 20, Severity.MEDIUM),
    ],
)
def test_many_people_and_many_dossiers_are_worse(rule: str, n: int, severity: Severity) -> None:
    found = Finding("MC-01", NOON, "05443", data={"n": n, "office": "MC-01"})
    of = shipped().by_id[rule]
    assert of.severity_of(Notice(of, found, NOON)) is severity


@pytest.mark.parametrize("kind", FIRE_KINDS)
@pytest.mark.parametrize("over", ["restore", "normal"])
def test_a_fire_alarm_is_raised_and_cleared_per_device(site: Site, kind: str, over: str) -> None:
    assert site.hears(reading(kind, "alarm")) == ["raise fire-alarm panel-1/zone-1"]
    other = replace(reading(kind, over, 1), device="panel-1/zone-2")
    assert site.hears(other) == []
    assert site.hears(reading(kind, over, 2)) == ["clear fire-alarm panel-1/zone-1"]


@pytest.mark.parametrize("kind", [*FIRE_KINDS, "temperature", "battery", "tamper", "heartbeat"])
def test_a_test_raises_nothing_and_ends_nothing(site: Site, kind: str) -> None:
    assert site.hears(reading(kind, "test")) == []
    site.hears(reading("smoke", "alarm", 1))
    assert site.hears(reading(kind, "test", 2)) == []


@pytest.mark.parametrize("kind", ["temperature", "battery", "heartbeat", "tamper"])
def test_a_routine_reading_of_the_same_device_does_not_end_a_fire(site: Site, kind: str) -> None:
    site.hears(reading("smoke", "alarm"))
    assert site.hears(reading(kind, "normal", 1)) == []


def test_a_fault_is_low_and_ends_with_a_restore(site: Site) -> None:
    assert site.hears(reading("battery", "trouble")) == ["raise fire-trouble panel-1/zone-1"]
    assert site.hears(reading("temperature", "normal", 1)) == []
    assert site.hears(reading("heartbeat", "normal", 2)) == []
    assert site.hears(reading("battery", "normal", 3)) == ["clear fire-trouble panel-1/zone-1"]
    site.hears(reading("temperature", "trouble", 4))
    assert site.hears(reading("temperature", "restore", 5)) == ["clear fire-trouble panel-1/zone-1"]


def test_an_sos_is_raised_and_cleared_per_report(site: Site) -> None:
    assert site.hears(report("open", emergency=True)) == ["raise sos SOS-1"]
    assert site.hears(report("in_progress", 1)) == []
    assert site.hears(report("resolved", 2)) == ["clear sos SOS-1"]
    assert site.hears(report("reopened", 3, emergency=True)) == ["raise sos SOS-1"]
    assert site.hears(report("rejected", 4)) == ["clear sos SOS-1"]


@pytest.mark.parametrize("emergency", [False, None])
def test_a_report_that_is_no_emergency_raises_nothing(site: Site, emergency: bool | None) -> None:
    assert site.hears(report("open", emergency=emergency)) == []
    assert site.hears(report("open", 1)) == []


def test_three_sights_of_smoke_or_fire_in_five_minutes_raise_per_area(site: Site) -> None:
    assert site.hears(alert("smoke", 0, "cam-1", phase="new")) == []
    assert site.hears(alert("fire", 120, "cam-2", phase="new")) == []
    elsewhere = replace(alert("smoke", 130, "cam-3", phase="new"), area="05444")
    assert site.hears(elsewhere) == []
    assert site.hears(alert("smoke", 300, "cam-1", phase="new")) == ["raise camera-fire 05443"]


def test_updates_and_ends_of_one_sight_are_not_three_sights(site: Site) -> None:
    site.hears(alert("smoke", 0, phase="new"))
    assert site.hears(alert("smoke", 1, phase="update")) == []
    assert site.hears(alert("smoke", 2, phase="update")) == []
    assert site.hears(alert("smoke", 3, phase="end")) == []


def test_a_camera_that_sends_no_phase_sends_what_is_new(site: Site) -> None:
    told = [site.hears(alert("smoke", seconds)) for seconds in (0, 10, 20)]
    assert told == [[], [], ["raise camera-fire 05443"]]


def test_people_and_vehicles_raise_nothing(site: Site) -> None:
    told = [site.hears(alert("person", seconds, phase="new")) for seconds in range(10)]
    assert told == [[]] * 10


def test_titles_are_sentences_with_the_glossary_s_words() -> None:
    titles = {
        rule.id: (
            rule.title.of(fact, "Phường Phan Đình Phùng", rule.n),
            rule.title_en.of(fact, "Phường Phan Đình Phùng", rule.n),
        )
        for rule, fact in zip(
            shipped().event_rules,
            [
                reading("gas", "alarm"),
                reading("battery", "trouble"),
                report("open", emergency=True),
                alert("smoke"),
            ],
            strict=True,
        )
    }
    assert titles == {
        "fire-alarm": (
            "Báo cháy: rò khí gas",
            "Fire alarm: gas",
        ),
        "fire-trouble": (
            "Lỗi thiết bị báo cháy: pin",
            "Fire detection trouble: battery",
        ),
        "sos": ("Khẩn cấp SOS", "SOS"),
        "camera-fire": (
            "Camera phát hiện khói, 3 lần trong 5 phút",
            "Cameras see smoke, 3 times in 5 minutes",
        ),
    }


def test_titles_of_rules_about_time_say_what_is_late_or_silent() -> None:
    data = {"office": "MC-01", "kind": "trash"}
    found = Finding("k", NOON, "05443", "cam-1", data=data)
    titles = {
        rule.id: rule.title.of(Notice(rule, found, NOON), "Phường Phan Đình Phùng", rule.n)
        for rule in shipped().scan_rules
    }
    assert titles == {
        "queue-wait": "Chờ quá 30 phút tại Bộ phận Một cửa MC-01",
        "dossier-overdue": "Hồ sơ quá hạn chưa giải quyết tại MC-01",
        "report-overdue": "Phản ánh quá hạn xử lý: trash",
        "silent-fire-device": "Thiết bị báo cháy im lặng hơn 24 giờ",
        "silent-camera": "Camera im lặng hơn 24 giờ",
        "blind-commune": "Vùng mất tín hiệu: dưới 50% camera có tín hiệu trong 24 giờ",
    }


def test_what_an_event_brings_into_a_title_stays_one_short_line() -> None:
    title = shipped().by_id["camera-fire"].title
    long = replace(alert("x"), data={"label": "a\nb\x1b" + "x" * 200})
    text = title.of(long, "", 3)
    assert text.isprintable()
    assert len(text) < 160
    odd = replace(alert("x"), data={"label": "{area.__class__}"})
    assert "{area.__class__}" in title.of(odd, "", 3)
