"""When things happen: how busy each source is through the local day, and the instants."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from ioc.clock import LOCAL_ZONE

HALF_HOURS = 48
STEP_S = 60.0

#: What happens, and its share of an average working day.
SHARES = {
    "camera": 0.30,
    "fire": 0.38,
    "report": 0.07,
    "ticket": 0.13,
    "received": 0.06,
    "resolved": 0.06,
}


def _curve(points: dict[float, float]) -> tuple[float, ...]:
    """Return 48 half-hour values with a mean of 1, straight lines between the points."""
    hours = sorted(points)
    values = []
    for half in range(HALF_HOURS):
        hour = half / 2 + 0.25
        right = next((at for at in hours if at >= hour), 24.0)
        left = max((at for at in hours if at <= hour), default=0.0)
        low, high = points.get(left, 0.0), points.get(right, 0.0)
        part = (hour - left) / (right - left) if right > left else 0.0
        values.append(low + (high - low) * part)
    mean = sum(values) / HALF_HOURS
    return tuple(value / mean for value in values)


def _desk_curve(evening: float) -> tuple[float, ...]:
    """Return the curve of a desk: 7:30 to 17:00, busiest from 8:30 to 10:30, thin at noon.

    `evening` is what people hand in online until 22:30, compared with the busiest hour.
    """
    values = []
    for half in range(HALF_HOURS):
        hour = half / 2
        if 8.5 <= hour < 10.5:
            values.append(1.0)
        elif 11.5 <= hour < 13:
            values.append(0.15)
        elif 7.5 <= hour < 17:
            values.append(0.6)
        elif 17 <= hour < 22.5:
            values.append(evening)
        else:
            values.append(0.0)
    mean = sum(values) / HALF_HOURS
    return tuple(value / mean for value in values)


_FLAT = (1.0,) * HALF_HOURS
_CURVES = {
    "camera": _curve({0: 0.25, 4: 0.15, 6: 0.7, 7.5: 1.6, 11: 1.1, 17: 1.8, 20: 1.0, 24: 0.25}),
    "fire": _FLAT,
    "report": _curve({0: 0.1, 5: 0.05, 7: 0.8, 9: 1.6, 12: 1.0, 16: 1.5, 20: 1.1, 24: 0.1}),
    "ticket": _desk_curve(evening=0.0),
    "received": _desk_curve(evening=0.15),
    "resolved": _desk_curve(evening=0.0),
}
KINDS = tuple(SHARES)


@functools.cache
def weights(half_hour: int) -> tuple[float, ...]:
    """Return how often each of `KINDS` happens in a half-hour of the local day, 0 to 47."""
    return tuple(SHARES[kind] * _CURVES[kind][half_hour] for kind in KINDS)


def half_hour(at: datetime) -> int:
    """Return the half-hour of the local day, 0 to 47."""
    local = at.astimezone(LOCAL_ZONE)
    return local.hour * 2 + local.minute // 30


def intensity(at: datetime) -> float:
    """Return how busy the province is, as a multiple of the day's mean."""
    return sum(weights(half_hour(at)))


def instants(
    start: datetime, rate: float, duration: timedelta | None, rng: random.Random
) -> Iterator[datetime]:
    """Yield times from `start` on, never backwards, close together when the day is busy.

    With a duration there are exactly `rate` times its seconds of them; without, they go on for
    ever with `rate` a second on the average of a day.
    """
    scale = rate
    total = None
    if duration is not None:
        total = round(rate * duration.total_seconds())
        scale = total / sum(width * busy for _, width, busy in _pieces(start, duration))
    done, before = 0, 0.0
    for offset_s, width_s, busy in _pieces(start, duration):
        area = scale * width_s * busy
        until = math.floor(before + area + 1e-6)
        for number in range(done, until if total is None else min(until, total)):
            part = min(1.0, max(0.0, (number + rng.random() - before) / area))
            yield _milliseconds(start + timedelta(seconds=offset_s + part * width_s))
        done, before = max(done, until), before + area


def _milliseconds(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _pieces(start: datetime, duration: timedelta | None) -> Iterator[tuple[float, float, float]]:
    """Yield (offset, width, intensity) of the minutes from `start` on; seconds."""
    length_s = math.inf if duration is None else duration.total_seconds()
    offset_s = 0.0
    while offset_s < length_s:
        width_s = min(STEP_S, length_s - offset_s)
        yield offset_s, width_s, intensity(start + timedelta(seconds=offset_s))
        offset_s += width_s
