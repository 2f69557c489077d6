"""The garbage collector in processes that keep much alive for a moment: batches, pages."""

from __future__ import annotations

import gc

#: A batch keeps tens of thousands of objects alive; the collector's defaults would walk them all
#: again and again and find nothing.
THRESHOLDS = (200_000, 50, 100)


def calm_collector() -> None:
    """Have the garbage collector leave what is there now, and look less often at the rest."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
