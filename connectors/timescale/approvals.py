"""Moves that wait for a second person, as rows."""

from __future__ import annotations
