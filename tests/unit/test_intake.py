from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ioc.alarm import State, raised, returned
from ioc.intake import judged
from ioc.rule import Clear, Raise

NOW = datetime(2026, 11, 22, 7, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("recent", "is_active", "expected"),
    [
        ((1000, 200), False, None),
        ((1000, 201), False, Raise),
        ((1000, 201), True, None),
        ((1000, 100), True, None),
        ((1000, 99), True, Clear),
        ((1000, 0), False, None),
        ((19, 19), False, None),
        ((20, 20), False, Raise),
        ((0, 0), True, None),
    ],
)
def test_a_fifth_of_the_latest_records_raises_and_a_tenth_clears(
    recent: tuple[int, int], is_active: bool, expected: type | None
) -> None:
    verdict = judged("fire", recent, is_active, NOW)
    assert verdict is None if expected is None else isinstance(verdict, expected)


def test_the_alarm_of_a_source_lives_like_any_other() -> None:
    found = judged("fire", (1000, 500), False, NOW)
    assert isinstance(found, Raise)
    alarm = raised(None, found, NOW).alarm
    assert (alarm.rule, alarm.key, alarm.state) == ("dead-letters", "fire", State.UNACKNOWLEDGED)
    assert alarm.title == "Nguồn Báo cháy: hơn 20% bản tin gần đây bị lỗi"
    over = judged("fire", (1000, 50), True, NOW)
    assert isinstance(over, Clear)
    back = returned(alarm, over, NOW)
    assert back is not None
    assert back.alarm.state is State.RETURNED
