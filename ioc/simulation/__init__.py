"""A province made from a seed and a time: events for trying out, demonstrations and tests.

Pure: the same arguments give the same events, whoever asks and whenever. What stands where (the
cameras, the panels, the desks) never changes; the seed chooses what happens.
"""

from __future__ import annotations

from ioc.simulation.scenario import SCENARIOS, Scenario, events, expected

__all__ = ["SCENARIOS", "Scenario", "events", "expected"]
