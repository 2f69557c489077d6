"""What hides alarms, what is hidden now, and the ledger of both."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/suppressions", tags=["alarms"])
