"""What scans of rows find, and what they found last time."""

from __future__ import annotations
