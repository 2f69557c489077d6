"""How long a test waits for what must come.

What comes in time costs nothing to wait for longer; a machine that many share is slow for minutes.
So `.ci/run` multiplies every wait: there a test says whether something comes. When it comes is
measured by the benches (docs/performance*.md), and by `make test` on a machine of one's own.
"""

from __future__ import annotations

import os

PATIENCE = float(os.environ.get("IOC_TEST_PATIENCE", "1"))


def patient(seconds: float) -> float:
    """Return how many seconds a wait may take on this machine."""
    return seconds * PATIENCE
