"""What `threshold` and `duration` remember of one key: samples for and against, by time."""

from __future__ import annotations
