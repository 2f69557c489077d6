"""Records whose header names are not UTF-8: Kafka allows them, aiokafka's reader raises.

One such record would end the worker at every start. So after the first, the process reads with
aiokafka's own slower Python reader, made to put U+FFFD in the place of bytes that are no text; the
record then is judged like any other. A restart goes back to the fast reader.
"""

from __future__ import annotations

import logging
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy

log = logging.getLogger(__name__)


class _Text(bytearray):
    """Bytes that always decode."""

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return _Text(found) if isinstance(key, slice) else found

    def decode(self, encoding: str = "utf-8", errors: str = "replace") -> str:
        return super().decode(encoding, "replace")


class _LenientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    _buffer: bytearray

    def _maybe_uncompress(self) -> None:
        super()._maybe_uncompress()
        if not isinstance(self._buffer, _Text):
            self._buffer = _Text(self._buffer)


class _LenientRecords(_MemoryRecordsPy):  # type: ignore[misc]
    def next_batch(self, *_: Any) -> Any:
        found = self._next_slice
        if found is None or found[self.MAGIC_OFFSET] < 2:  # before Kafka 0.11: no headers
            return super().next_batch()
        self._cache_next()
        return _LenientBatch(found)


def is_installed() -> bool:
    """Return whether this process reads leniently already."""
    return fetcher.MemoryRecords is _LenientRecords


def install() -> None:
    """Read leniently from now on, in this process."""
    log.warning(
        "a record has a header name that is not UTF-8; reading slower from now on",
        extra={"action": "read_leniently"},
    )
    fetcher.MemoryRecords = _LenientRecords
