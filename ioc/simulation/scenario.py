"""The scenarios by name, and the events of each."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ioc.simulation import dossiers
from ioc.simulation.day import Day
from ioc.simulation.draft import Planned
from ioc.simulation.province import province
from ioc.simulation.rhythm import instants
from ioc.simulation.storm import storm
from ioc.simulation.story import Stage, Story, market_fire, queue_rush, quiet

RATE = 10.0
DURATION = timedelta(minutes=1)
DOSSIERS_2023 = "dossiers-2023"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A name, what it shows, and its story; without one it is a fixed set of events."""

    name: str
    sentence: str
    story: Callable[[Stage], Story] | None


SCENARIOS: Mapping[str, Scenario] = {
    scenario.name: scenario
    for scenario in (
        Scenario("quiet-day", "An ordinary working day; practically no alarms.", quiet),
        Scenario(
            "market-fire",
            "A fire in a market of Phường Phan Đình Phùng: camera-fire, fire-alarm and sos.",
            market_fire,
        ),
        Scenario(
            "storm",
            "Power troubles, dead cameras, floods and silent sensors in many communes.",
            storm,
        ),
        Scenario(
            "queue-rush", "Two desks flooded with tickets: long waits, people leave.", queue_rush
        ),
        Scenario(
            DOSSIERS_2023,
            "The 612,221 dossiers of January to October 2023; a fixed set in the past.",
            None,
        ),
    )
}


def events(
    scenario: str,
    seed: int,
    start: datetime,
    *,
    rate: float = RATE,
    duration: timedelta | None = DURATION,
) -> Iterator[dict[str, Any]]:
    """Yield CloudEvents objects in the order of their times, which begin at `start` (aware).

    There are `rate` times the seconds of `duration` of them (more only when a story has more to
    tell); no duration: without end, `rate` a second on the average of a day. `dossiers-2023`
    takes neither: its times are those of 2023. The ids name the start, so runs never share one.

    Raises:
        KeyError: there is no such scenario.
    """
    story = SCENARIOS[scenario].story
    if story is None:
        return dossiers.events(seed)
    return _told(scenario, story, seed, start, (rate, duration))


def expected(scenario: str, rate: float, duration: timedelta | None) -> int | None:
    """Return about how many events there will be; None: without end."""
    if SCENARIOS[scenario].story is None:
        return dossiers.RECEIVED + dossiers.RESOLVED
    return None if duration is None else round(rate * duration.total_seconds())


def _told(
    scenario: str,
    story: Callable[[Stage], Story],
    seed: int,
    start: datetime,
    density: tuple[float, timedelta | None],
) -> Iterator[dict[str, Any]]:
    rate, duration = density
    run = _run(scenario, seed, start, density)
    rng = random.Random(run)  # noqa: S311 - the same run is the same again
    stage = Stage(province(), start, duration, expected(scenario, rate, duration), rng, run)
    day = Day(stage.place, story(stage), rng, run)
    number, last = 0, start
    for number, last in enumerate(instants(start, rate, duration, rng), start=1):
        yield day.next(last).event(f"{run}-{number}", last)
    if duration is None:
        return
    unsaid: Iterator[Planned] = day.unsaid(start + duration)
    for more, planned in enumerate(unsaid, start=number + 1):
        last = max(last, planned.at)
        yield planned.draft.event(f"{run}-{more}", last)


def _run(scenario: str, seed: int, start: datetime, density: tuple[float, timedelta | None]) -> str:
    """Return a mark that two runs share only when they are the same in everything."""
    text = repr((scenario, seed, start.timestamp(), *density))
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
