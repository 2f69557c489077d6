"""Which of many polygons holds a point: an index of boxes, then the prepared polygons."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray


class Polygons:
    """Polygons with a code each, in code order; safe to ask from several threads.

    `boundaries` are GeoJSON geometries, lon and lat in degrees (WGS 84).
    """

    def __init__(self, codes: Sequence[str], boundaries: Sequence[bytes]) -> None:
        # The one item more is what -1, "in none", points at.
        self._codes = np.array([*codes, None], dtype=object)
        self._shapes: NDArray[Any] = shapely.from_geojson(list(boundaries))
        self._tree = shapely.STRtree(self._shapes)
        shapely.prepare(self._shapes)
        # Prepared polygons are not thread-safe (libgeos #825), and shapely lets go of the GIL:
        # eight threads broke the heap in most runs.
        self._lock = threading.Lock()

    def holding(
        self, lats: Sequence[float | None], lons: Sequence[float | None]
    ) -> list[str | None]:
        """Return the code of the polygon that holds each point, in degrees.

        A point on a shared line goes to the lower code; one that is missing, not finite or in
        no polygon has none.
        """
        # np.array makes NaN of None.
        ys, xs = np.array(lats, dtype=np.float64), np.array(lons, dtype=np.float64)
        if ys.shape != xs.shape:
            raise ValueError(f"{ys.size} latitudes, but {xs.size} longitudes")
        real = np.flatnonzero(np.isfinite(ys) & np.isfinite(xs))
        rows, shapes = self._tree.query(shapely.points(xs[real], ys[real]))
        order = np.argsort(-shapes, kind="stable")  # by shape: its index stays in the CPU cache
        rows, shapes = real[rows[order]], shapes[order]
        with self._lock:
            inside = shapely.intersects_xy(self._shapes[shapes], xs[rows], ys[rows])
        owner = np.full(ys.size, -1)
        owner[rows[inside]] = shapes[inside]  # the last one stays: the lowest code
        held: list[str | None] = self._codes[owner].tolist()
        return held
