"""An alarm as the API, the live view and webhooks show it."""

from __future__ import annotations

from ioc.alarm.alarm import Alarm
from ioc.alarm.move import z


def to_json(
    alarm: Alarm, area_name: str | None, first_out: bool | None = None
) -> dict[str, object]:
    """Return the alarm object of `/alarms`, SSE and webhooks.

    `first_out`: whether it was the first of its group; None where that was not looked up.
    """
    return {
        "id": str(alarm.id),
        "rule": alarm.rule,
        "key": alarm.key,
        "source": alarm.source,
        "severity": alarm.severity.value,
        "priority": alarm.severity.priority,
        "state": alarm.state.value,
        "active": alarm.active,
        "area": alarm.area,
        "area_name": area_name,
        "device": alarm.device,
        "title": alarm.title,
        "title_en": alarm.title_en,
        "guidance": list(alarm.guidance),
        "raised_at": z(alarm.raised_at),
        "changed_at": z(alarm.changed_at),
        "returned_at": z(alarm.returned_at),
        "acknowledged_at": z(alarm.acknowledged_at),
        "acknowledged_by": alarm.acknowledged_by,
        "assignee": alarm.assignee,
        "shelved_until": z(alarm.shelved_until),
        "closed_at": z(alarm.closed_at),
        "closing_code": alarm.closing_code and alarm.closing_code.value,
        "ended_at": z(alarm.ended_at),
        "lat": alarm.lat,
        "lon": alarm.lon,
        "event": {
            "ce_source": alarm.event_source,
            "id": alarm.event_id,
            "time": z(alarm.event_time),
        },
        "count": alarm.count,
        "version": alarm.version,
        "latched": alarm.latched,
        "one_shot": alarm.one_shot,
        "shelved_by": alarm.shelved_by,
        "shelve_reason": alarm.shelve_reason,
        "acknowledge_until": z(alarm.acknowledge_until),
        "hidden_by": list(alarm.hidden_by),
        "chattering_at": z(alarm.chattering_at),
        "folded": alarm.folded,
        "first_out": first_out,
        "incident": str(alarm.incident_id) if alarm.incident_id else None,
        "facts": dict(alarm.facts),
        "rule_version": alarm.rule_version,
        "two_person": list(alarm.two_person),
    }
