"""Moves that wait for a second person: looking, approving, rejecting."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/approvals", tags=["alarms"])
