"""Figures of how the alarms treat their operators, from the alarm log."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/kpis", tags=["alarms"])
