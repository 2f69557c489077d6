"""Records whose header names are not UTF-8: Kafka allows them, aiokafka's reader raises.

Such a batch is read with aiokafka's own slower Python reader, made to put U+FFFD in the place of
bytes that are no text; its records then are judged like any other.
"""

from __future__ import annotations

from typing import Any

from aiokafka.record.default_records import _DefaultRecordBatchPy


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


def records(data: bytes) -> list[Any]:
    """Return the records of one of Kafka's batches, of the format that knows headers."""
    return list(_LenientBatch(data))
