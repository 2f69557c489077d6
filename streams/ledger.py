"""Positions from the database, for the transport to seek to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from connectors.timescale import offsets
from connectors.timescale.database import connect
from ioc.errors import DatabaseUnavailableError

log = logging.getLogger(__name__)

RETRY_S = 1.0

Partition = tuple[str, int]


class StoredPositions:
    """Reads where each partition is stored as read up to."""

    def __init__(
        self, url: str, logs: Mapping[str, str], settle: Callable[[], Awaitable[None]]
    ) -> None:
        self._url = url
        self._logs = logs
        self._settle = settle

    async def settle(self) -> None:
        """Wait until no batch of ours is on its way to the database."""
        await self._settle()

    async def claim(self, earliest: Mapping[Partition, int]) -> dict[Partition, int]:
        """Return the stored position of each partition; wait while the database is away."""
        while True:
            try:
                return await asyncio.to_thread(self._claim, earliest)
            except DatabaseUnavailableError as error:
                log.warning("%s; waiting", error, extra={"action": "wait_database"})
                await asyncio.sleep(RETRY_S)

    def _claim(self, earliest: Mapping[Partition, int]) -> dict[Partition, int]:
        found: dict[Partition, int] = {}
        with connect(self._url, "ioc worker positions") as conn:
            for topic in sorted({topic for topic, _ in earliest}):
                of_topic = {key: offset for key, offset in earliest.items() if key[0] == topic}
                found |= offsets.claim(conn, self._logs[topic], of_topic)
        return found
