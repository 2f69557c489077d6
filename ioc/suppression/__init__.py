"""What hides alarms: silences, maintenance, inhibitions, states of plant, out of service."""

from __future__ import annotations

from ioc.suppression.inhibition import Inhibition, PlantState, Window, circle
from ioc.suppression.matcher import Matcher
from ioc.suppression.recurrence import repeated, turn
from ioc.suppression.suppression import Kind, Suppression, hiding

__all__ = [
    "Inhibition",
    "Kind",
    "Matcher",
    "PlantState",
    "Suppression",
    "Window",
    "circle",
    "hiding",
    "repeated",
    "turn",
]
