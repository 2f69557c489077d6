"""What a site promises to its people, and how it is called.

Only values; `ioc.targets.reading` reads them from a file.
"""

from __future__ import annotations

from ioc.targets.targets import Site, Targets

__all__ = ["Site", "Targets"]
