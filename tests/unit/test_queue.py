from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ioc.queue import (
    Dossier,
    DossierStep,
    Step,
    dossier_durations,
    local_days,
    visit_durations,
    visits,
    with_step,
)
from ioc.rollup import (
    ACCURACY,
    ZERO_BIN,
    Duration,
    bin_of,
    change,
    middle_ms,
    percentile_ms,
)

START = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def steps(*words: str) -> list[Step]:
    """`"0 issued"`: minute and action."""
    return [Step(at(float(word.split()[0])), word.split()[1], "05443") for word in words]


def test_a_wait_ends_with_the_first_call() -> None:
    (visit,) = visits(steps("0 issued", "12 called", "14 called", "20 served"))
    assert (visit.wait_ms, visit.outcome) == (12 * 60_000, "served")
    assert [d.metric for d in visit_durations("PDP", [visit])] == ["wait", "service"]


def test_without_a_call_the_wait_ends_when_served() -> None:
    (visit,) = visits(steps("0 issued", "7 served"))
    assert visit.wait_ms == 7 * 60_000


def test_a_person_who_gives_up_is_counted_apart() -> None:
    (visit,) = visits(steps("0 issued", "9 abandoned"))
    assert visit.gave_up
    assert [d.metric for d in visit_durations("PDP", [visit])] == ["abandoned_wait"]


def test_a_transfer_keeps_the_visit_open() -> None:
    (visit,) = visits(steps("0 issued", "5 transferred"))
    assert visit.waited_until is None


def test_a_new_issued_opens_another_visit() -> None:
    first, second = visits(steps("0 issued", "5 served", "60 issued", "65 called"))
    assert (first.visit, second.visit) == (1, 2)
    assert second.wait_ms == 5 * 60_000


def test_a_visit_whose_issuing_nobody_reported_has_no_wait() -> None:
    (visit,) = visits(steps("5 called", "9 served"))
    assert (visit.visit, visit.wait_ms) == (0, None)
    assert [d.metric for d in visit_durations("PDP", [visit])] == ["service"]


def test_a_tickets_day_is_the_provinces() -> None:
    late = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)  # midnight in Thái Nguyên
    early = late - timedelta(seconds=1)
    assert [str(day) for day in local_days([late, early])] == ["2026-11-23", "2026-11-22"]
    assert [str(day) for day in local_days([late, late])] == ["2026-11-23", "2026-11-23"]


ACTIONS = ("issued", "called", "served", "abandoned", "transferred")


@given(
    st.lists(st.tuples(st.integers(0, 50), st.sampled_from(ACTIONS)), max_size=12),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_makes_no_visit_different(
    words: list[tuple[int, str]], order: random.Random
) -> None:
    known = [Step(at(minute), action, "05443") for minute, action in words]
    shuffled = order.sample(known, len(known))
    assert visits(shuffled) == visits(known)


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from(ACTIONS)), max_size=12))
def test_step_by_step_the_histogram_comes_out_as_at_once(words: list[tuple[int, str]]) -> None:
    known = [Step(at(minute), action, "05443") for minute, action in words]
    total: dict[object, tuple[int, int]] = {}
    for n in range(len(known)):
        before = visit_durations("PDP", visits(known[:n]))
        after = visit_durations("PDP", visits(known[: n + 1]))
        for cell, (count, sum_ms) in change(before, after).items():
            old = total.get(cell, (0, 0))
            total[cell] = (old[0] + count, old[1] + sum_ms)
    at_once = change([], visit_durations("PDP", visits(known)))
    assert {cell: value for cell, value in total.items() if value != (0, 0)} == at_once


DOSSIER_STEPS = [
    DossierStep(at(0), "received", "05443", at(100)),
    DossierStep(at(10), "received", "05443", at(300)),
    DossierStep(at(50), "resolved", "05443", None),
    DossierStep(at(60), "withdrawn", "05443", None),
]


@pytest.mark.parametrize("seed", range(8))
def test_a_dossier_is_the_same_in_any_order(seed: int) -> None:
    dossier: Dossier | None = None
    for step in random.Random(seed).sample(DOSSIER_STEPS, len(DOSSIER_STEPS)):
        dossier = with_step(dossier, step)
    assert dossier == Dossier("05443", at(0), at(0), at(50), at(60), at(300), at(10))
    (age,) = dossier_durations("PYE", dossier)
    assert age.duration_ms == 50 * 60_000


@given(st.integers(1, 10**10))
def test_a_bin_stands_for_its_values_within_one_percent(duration_ms: int) -> None:
    middle = middle_ms(bin_of(duration_ms))
    assert abs(middle - duration_ms) <= duration_ms * ACCURACY * 1.001


def test_percentiles_are_nearest_rank() -> None:
    waits = [60_000, 120_000, 240_000, 480_000]
    bins: dict[int, int] = {}
    for wait in waits:
        bins[bin_of(wait)] = bins.get(bin_of(wait), 0) + 1
    p50 = percentile_ms(bins, 0.5)
    p90 = percentile_ms(bins, 0.9)
    assert p50 == pytest.approx(120_000, rel=ACCURACY)
    assert p90 == pytest.approx(480_000, rel=ACCURACY)
    assert percentile_ms({}, 0.5) is None
    assert percentile_ms({ZERO_BIN: 3}, 0.5) == 0.0


def test_a_correction_takes_away_what_was_counted() -> None:
    first = Duration("wait", "PDP", "05443", at(5), 1000)
    second = Duration("wait", "PDP", "05443", at(5), 9000)
    changed = change([first], [second])
    assert changed == {first.cell(): (-1, -1000), second.cell(): (1, 9000)}
    assert change([first], [first]) == {}
