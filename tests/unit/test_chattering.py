"""When something chatters: as edges, and in whatever order its flips arrive."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.chattering import FLEETING_WITHIN, FLIPS_MAX, Chatter, calm, calm_due, flipped
from ioc.philosophy import ChatterLimits

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMITS = ChatterLimits()


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def after(*seconds: float, limits: ChatterLimits = LIMITS) -> Chatter:
    """What is known after flips at these seconds; every second one ends a condition of a minute."""
    known = Chatter()
    for n, each in enumerate(seconds):
        lasted = timedelta(minutes=1) if n % 2 else None
        known = flipped(known, at(each), was_active_for=lasted, limits=limits)
    return known


@pytest.mark.parametrize(
    ("seconds", "chatters"),
    [
        ((0, 30), False),
        ((0, 30, 60), True),
        ((0, 30, 60.001), False),
        ((0, 30, 61, 90), True),
        ((0, 0, 0), True),
    ],
)
def test_three_flips_within_a_minute_are_chattering(
    seconds: tuple[float, ...], chatters: bool
) -> None:
    assert (after(*seconds).since_at is not None) == chatters


def test_it_chatters_since_the_flip_that_made_it_so_and_goes_on_until_it_is_calm() -> None:
    known = after(0, 10, 20)
    assert known.since_at == at(20)
    known = flipped(known, at(300), was_active_for=timedelta(minutes=5), limits=LIMITS)
    assert known.since_at == at(20), "only calm ends it"
    assert calm_due(known, LIMITS) == at(360)
    assert calm_due(calm(known), LIMITS) is None


def test_three_fleeting_conditions_within_an_hour_are_a_chattering_one() -> None:
    def over(known: Chatter, second: float, lasted_s: float) -> Chatter:
        lasted = timedelta(seconds=lasted_s)
        return flipped(known, at(second), was_active_for=lasted, limits=LIMITS)

    known = over(over(Chatter(), 0, 9.9), 1800, 5)
    assert over(known, 3600, 1).since_at == at(3600)
    assert over(known, 3601, 1).since_at is None, "the first is longer ago than an hour"
    assert over(known, 3600, 10).since_at is None, "ten seconds are not fleeting"
    assert over(known, 3600, -5).since_at is None, "a late end before its raise says nothing"


def test_what_was_fleeting_is_held_at_its_next_raise_while_the_hour_lasts() -> None:
    known = Chatter(fleeting=(at(0), at(600), at(1200)))
    hour = FLEETING_WITHIN.total_seconds()
    assert flipped(known, at(hour), was_active_for=None, limits=LIMITS).since_at == at(hour)
    assert flipped(known, at(hour + 1), was_active_for=None, limits=LIMITS).since_at is None


def test_a_site_can_switch_it_off() -> None:
    assert after(0, 1, 2, 3, limits=ChatterLimits(is_on=False)).since_at is None


@given(st.lists(st.integers(0, 10_000), max_size=40), st.integers(0, 100))
def test_the_flips_that_are_known_do_not_depend_on_the_order_of_their_arrival(
    seconds: list[int], seed: int
) -> None:
    shuffled = list(seconds)
    random.Random(seed).shuffle(shuffled)
    assert after(*seconds).flips == after(*shuffled).flips
    assert after(*seconds).flips == tuple(at(each) for each in sorted(seconds)[-FLIPS_MAX:])
