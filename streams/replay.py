"""What-if: stored events run through a changed rule set, in a database of its own."""

from __future__ import annotations
