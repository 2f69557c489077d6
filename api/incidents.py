"""Incidents: lists, one with its evidence, and the moves of operators."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(prefix="/incidents", tags=["incidents"])
