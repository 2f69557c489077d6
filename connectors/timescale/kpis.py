"""What the figures of `/kpis` are made of, counted from the alarm log."""

from __future__ import annotations
