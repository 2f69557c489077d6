"""Kind `threshold`: a measured value beyond a limit, with a deadband and delays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Threshold:
    """`value` names the field; beyond is above `above` or below `below`, in the field's unit.

    It is back when it is within the limit by more than `deadband`.
    """

    value: str
    above: float | None = None
    below: float | None = None
    deadband: float = 0.0
    on_delay: timedelta = timedelta(0)
    off_delay: timedelta = timedelta(0)
