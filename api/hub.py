"""One feed, many live views.

A thread follows the alarm log by number; each entry is encoded once and handed to every view that
may see it. Numbers (tiles, health) are read once for all areas and sent where they changed. All
state belongs to the event loop; a view that does not keep up is dropped and never waited for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from api.numbers import Numbers, numbers_of, snapshot_of
from api.province import ProvinceReader
from api.subscription import Chunk, Dropped, Frame, Subscription, chunked, encoded, event
from connectors.timescale import feed
from connectors.timescale.database import Database, connect
from ioc import clock, metrics
from ioc.errors import DatabaseUnavailableError

log = logging.getLogger(__name__)

Profile = Literal["wall", "console"]

#: Entries kept to go on from; a view that was away for longer gets a fresh snapshot.
RING_ENTRIES = 10_000
READ_ENTRIES = 500
POLL_S = 1.0
#: How long one wait for the bell lasts, so that stopping takes no longer.
BELL_S = 0.25
RETRY_S = 1.0
#: How long a view waits for the feed of a process that has just started.
START_S = 3.0
#: A bigint is never longer than this.
ID_DIGITS_MAX = 18
#: Numbers that change often are sent at most so often, and looked at at least so often.
TILES_EVERY_S = 0.25
TILES_AT_LEAST_EVERY_S = 1.0
HEARTBEAT_S = 10.0
#: A screen calls numbers stale after 15 s: two of these may be lost on the way, or late.
HEALTH_S = 5.0
#: When a thousand screens come back at once they share one reading.
SNAPSHOT_AGE_MAX_S = 1.0
ALARMS_MAX: dict[Profile, int] = {"wall": 200, "console": 1000}
VIEWS_MAX = 5_000


class FullError(Exception):
    """As many live views are open as one process serves."""


class TooFarBehindError(DatabaseUnavailableError):
    """Alarms come faster than a snapshot can be taken."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The snapshot of one area and profile, encoded; shared while it is fresh."""

    position: int
    as_of: datetime
    data: bytes
    taken_at: float


class _Area:
    """The views of one area, and what they were told last."""

    def __init__(self) -> None:
        self.views: set[Subscription] = set()
        self.numbers: Numbers | None = None


class Hub:
    """Start it once in the life of a process, on its event loop."""

    def __init__(self, database: Database, province: ProvinceReader) -> None:
        self._database = database
        self._province = province
        self._ring: deque[Frame] = deque()
        #: Every entry after this one is in the ring.
        self._floor = 0
        self._position = 0
        self._areas: dict[str | None, _Area] = {}
        self._snapshots: dict[tuple[str | None, Profile], Snapshot] = {}
        self._snapshot_turns: dict[tuple[str | None, Profile], asyncio.Lock] = {}
        self._changed = asyncio.Event()
        self._followed = asyncio.Event()
        self._stopping = threading.Event()
        self._ended = False
        self._tasks: list[asyncio.Task[None]] = []
        self._thread: threading.Thread | None = None

    # The life of the hub ------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to follow the log; views may come at once, and wait until it is reached."""
        loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._follow, args=(loop,), name="alarm-feed", daemon=True
        )
        self._thread.start()
        self._tasks = [
            asyncio.create_task(self._send_numbers(), name="hub-numbers"),
            asyncio.create_task(self._send_health(), name="hub-health"),
            asyncio.create_task(self._send_heartbeats(), name="hub-heartbeats"),
        ]

    def end(self) -> None:
        """End every view now and take no more: the server is about to wait for them."""
        self._ended = True
        for view in self._views():
            view.close()

    async def stop(self) -> None:
        """End every view and everything that was started."""
        self.end()
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join)

    # Views --------------------------------------------------------------------------------------

    async def slurp_and_subscribe(
        self, area: str | None, profile: Profile
    ) -> tuple[bytes, Subscription]:
        """Return a snapshot and a subscription to all that comes after it, without a gap.

        The snapshot is ready to be written; the same bytes may be given to many.

        Raises:
            DatabaseUnavailableError: there is nothing to show.
            FullError: one view too many.
        """
        view = await self._subscribe(area)
        try:
            snapshot = await self._snapshot(area, profile)
            if snapshot.position < self._floor:  # ten thousand entries within a second
                self._snapshots.clear()
                snapshot = await self._snapshot(area, profile)
            await self._known_numbers(area)
            self._catch_up(view, snapshot.position, snapshot.as_of)
        except BaseException:
            self.leave(view)
            raise
        return snapshot.data, view

    async def resume(
        self, area: str | None, profile: Profile, last_id: str
    ) -> tuple[bytes, Subscription]:
        """Return what a view has missed since `last_id`; else a `reset` and a fresh snapshot.

        Raises: as `slurp_and_subscribe`.
        """
        why = "unknown position"
        if last_id.isascii() and last_id.isdigit() and len(last_id) <= ID_DIGITS_MAX:
            view = await self._subscribe(area)
            try:
                await self._known_numbers(area)
                if int(last_id) <= await self._stored_position(int(last_id)):
                    self._catch_up(view, int(last_id))
                    return b"", view
            except TooFarBehindError:
                why = "too far behind"
            except BaseException:
                self.leave(view)
                raise
            self.leave(view)
        data, view = await self.slurp_and_subscribe(area, profile)
        return chunked(event(view.position, "reset", encoded({"reason": why}))) + data, view

    def leave(self, view: Subscription) -> None:
        """Forget a view; twice is the same."""
        home = self._areas.get(view.area)
        if home is None or view not in home.views:
            return
        home.views.remove(view)
        metrics.API_SSE_CLIENTS.dec()
        if not home.views:
            del self._areas[view.area]

    async def _subscribe(self, area: str | None) -> Subscription:
        try:
            async with asyncio.timeout(START_S):
                await self._followed.wait()
        except TimeoutError:
            raise DatabaseUnavailableError("the alarm log has not been reached yet") from None
        if self._ended or len(self._views()) >= VIEWS_MAX:
            raise FullError
        view = Subscription(area, self._position)
        self._areas.setdefault(area, _Area()).views.add(view)
        metrics.API_SSE_CLIENTS.inc()
        return view

    def _catch_up(self, view: Subscription, position: int, as_of: datetime | None = None) -> None:
        """Give a view what lies between a position and its subscription, then today's numbers.

        `as_of`: the numbers that it has; who comes back has some of an unknown time.
        """
        if position < self._floor:
            raise TooFarBehindError(f"the entries after {position} are not kept")
        at = max(position, view.position)
        view.begin(position, self._between(position, view.position, view.area))
        numbers = self._areas[view.area].numbers
        if numbers is not None and (as_of is None or numbers.province.as_of > as_of):
            tiles = [event(at, "tile", tile) for tile in numbers.tiles.values()]
            view.first(b"".join([*tiles, event(at, "health", encoded(numbers.health))]))

    def _between(self, start: int, end: int, area: str | None) -> list[Frame]:
        found = []
        for frame in reversed(self._ring):
            if frame.seq <= start:
                break
            if frame.seq <= end and area in {None, frame.area}:
                found.append(frame)
        return found[::-1]

    def _views(self) -> list[Subscription]:
        return [view for home in self._areas.values() for view in home.views]

    def _homes(self) -> list[tuple[str | None, _Area]]:
        # A copy: whoever is dropped in the middle of being told leaves at once.
        return list(self._areas.items())

    async def _stored_position(self, asked: int) -> int:
        """Return the log's end: another process may have told a view more than we know yet."""
        if asked <= self._position:
            return self._position

        def read() -> int:
            with self._database.reading() as conn:
                return feed.position(conn)

        return await asyncio.to_thread(read)

    # Snapshots ----------------------------------------------------------------------------------

    async def _snapshot(self, area: str | None, profile: Profile) -> Snapshot:
        key = (area, profile)
        async with self._snapshot_turns.setdefault(key, asyncio.Lock()):
            known, now = self._snapshots.get(key), asyncio.get_running_loop().time()
            if known is not None and now - known.taken_at < SNAPSHOT_AGE_MAX_S:
                return known
            taken, numbers = await asyncio.to_thread(self._take, area, profile, now)
            self._forget_snapshots(now)
            self._snapshots[key] = taken
            self._tell_numbers(area, numbers)
            return taken

    def _forget_snapshots(self, now: float) -> None:
        # A console's is over a megabyte in a disaster, and there are 93 areas.
        for key, snapshot in list(self._snapshots.items()):
            if now - snapshot.taken_at >= SNAPSHOT_AGE_MAX_S:
                del self._snapshots[key]

    def _take(self, area: str | None, profile: Profile, at: float) -> tuple[Snapshot, Numbers]:
        province = self._province.read(clock.now())
        found = feed.open_alarms(
            self._database, area, ALARMS_MAX[profile], unfolded_first=profile == "wall"
        )
        data = chunked(event(found.position, "snapshot", snapshot_of(province, area, found)))
        return Snapshot(found.position, province.as_of, data, at), numbers_of(province, area)

    # The alarm log ------------------------------------------------------------------------------

    def _follow(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read the log until the hub stops; runs in a thread of its own."""
        while not self._stopping.is_set():
            try:
                self._follow_on_one_connection(loop)
            except DatabaseUnavailableError as error:
                log.warning("the alarm feed waits: %s", error, extra={"action": "lose_feed"})
                self._stopping.wait(RETRY_S)
            except Exception:  # a thread that died would leave screens that lie
                log.exception("the alarm feed failed", extra={"action": "fail_feed"})
                self._stopping.wait(RETRY_S)

    def _follow_on_one_connection(self, loop: asyncio.AbstractEventLoop) -> None:
        with connect(self._database.url, "ioc api feed") as conn:
            feed.listen(conn)
            if not self._followed.is_set():
                self._hand_over(loop, feed.newest(conn, RING_ENTRIES), is_start=True)
            elif feed.position(conn) < self._position:
                self._on_loop(loop, self._start_over)
                return
            while not self._stopping.is_set():
                entries = feed.after(conn, self._position, READ_ENTRIES)
                if entries:
                    self._hand_over(loop, entries)
                if len(entries) < READ_ENTRIES:
                    self._wait_for_bell(conn)

    def _wait_for_bell(self, conn: Any) -> None:
        for _ in range(round(POLL_S / BELL_S)):
            if self._stopping.is_set() or feed.wait(conn, BELL_S):
                return

    def _hand_over(
        self,
        loop: asyncio.AbstractEventLoop,
        entries: Sequence[feed.Entry],
        *,
        is_start: bool = False,
    ) -> None:
        """Encode entries in this thread, give them to the loop."""
        frames = [
            Frame(entry.seq, entry.alarm["area"], event(entry.seq, "alarm", encoded(entry.alarm)))
            for entry in entries
        ]
        self._on_loop(loop, lambda: self._begin(frames) if is_start else self._publish(frames))

    def _on_loop(self, loop: asyncio.AbstractEventLoop, act: Callable[[], None]) -> None:
        """Let the loop act, and wait for it: the thread must not run ahead."""
        done: Future[None] = Future()

        def acted() -> None:
            try:
                act()
            except Exception as error:  # noqa: BLE001 - the thread that waits must hear of it
                done.set_exception(error)
            else:
                done.set_result(None)

        loop.call_soon_threadsafe(acted)
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                done.result(POLL_S)
                return

    def _begin(self, frames: Sequence[Frame]) -> None:
        self._ring = deque(frames)
        is_whole_log = len(frames) < RING_ENTRIES
        self._floor = 0 if is_whole_log else frames[0].seq - 1
        self._position = frames[-1].seq if frames else 0
        self._followed.set()

    def _start_over(self) -> None:
        """The database was put back to an earlier state: what views know may not be so."""
        log.warning("the alarm log is shorter than it was", extra={"action": "restart_feed"})
        self._followed.clear()
        self._snapshots.clear()
        for view in self._views():
            view.drop(Dropped.LOG_RESTORED)

    def _publish(self, frames: Sequence[Frame]) -> None:
        self._position = frames[-1].seq
        self._ring.extend(frames)
        while len(self._ring) > RING_ENTRIES:
            self._floor = self._ring.popleft().seq
        for area, home in self._homes():
            mine = [frame for frame in frames if area in {None, frame.area}]
            if mine:
                self._put(home, Chunk.of(mine))
        self._changed.set()

    def _put(self, home: _Area, chunk: Chunk) -> None:
        for view in list(home.views):
            view.put(chunk)

    # Numbers ------------------------------------------------------------------------------------

    async def _send_numbers(self) -> None:
        while True:
            # Not `wait_for`: in Python 3.11 it forgets a cancellation that meets what it waits for.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TILES_AT_LEAST_EVERY_S):
                    await self._changed.wait()
            self._changed.clear()
            areas = list(self._areas)
            if areas:
                await self._read_numbers(areas)
            await asyncio.sleep(TILES_EVERY_S)

    async def _read_numbers(self, areas: Iterable[str | None]) -> None:
        try:
            found = await asyncio.to_thread(self._numbers, areas)
        except DatabaseUnavailableError as error:
            log.warning("no numbers: %s", error, extra={"action": "miss_numbers"})
            self._tell_stopped()
            return
        except Exception:  # a task that died would leave numbers that stand still
            log.exception("the numbers cannot be read", extra={"action": "fail_numbers"})
            self._tell_stopped()
            return
        for area, numbers in found.items():
            self._tell_numbers(area, numbers)

    def _numbers(self, areas: Iterable[str | None]) -> dict[str | None, Numbers]:
        province = self._province.read(clock.now())
        return {area: numbers_of(province, area) for area in areas}

    async def _known_numbers(self, area: str | None) -> None:
        home = self._areas[area]
        if home.numbers is None:
            numbers = await asyncio.to_thread(self._numbers, [area])
            self._tell_numbers(area, numbers[area])

    def _tell_numbers(self, area: str | None, numbers: Numbers) -> None:
        """Send what is new in the numbers of an area; older ones than it has are not."""
        home = self._areas.get(area)
        if home is None:
            return
        before = home.numbers
        if before is not None and before.province.as_of > numbers.province.as_of:
            return
        home.numbers = numbers
        if before is None:
            return  # every view of this area is just being brought up to date
        at, old = self._position, before.tiles
        news = [
            event(at, "tile", tile) for name, tile in numbers.tiles.items() if old.get(name) != tile
        ]
        if before.key != numbers.key:
            news.append(event(at, "health", encoded(numbers.health)))
        if news:
            self._put(home, Chunk.numbers(at, b"".join(news)))

    def _tell_stopped(self) -> None:
        """Say that nothing is processed as far as we can see: the database is away."""
        for _, home in self._homes():
            before = home.numbers
            if before is None or before.key == b"stopped":
                continue
            processing = {**before.health["processing"], "state": "stopped"}
            health = {**before.health, "processing": processing}
            home.numbers = Numbers(before.province, before.tiles, health, b"stopped")
            told = event(self._position, "health", encoded(health))
            self._put(home, Chunk.numbers(self._position, told))

    async def _send_health(self) -> None:
        while True:
            await asyncio.sleep(HEALTH_S)
            at = self._position
            for _, home in self._homes():
                if home.numbers is not None:
                    told = event(at, "health", encoded(home.numbers.health))
                    self._put(home, Chunk.numbers(at, told))

    async def _send_heartbeats(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            at = self._position
            beat = event(at, "heartbeat", encoded({"now": clock.now()}))
            for _, home in self._homes():
                self._put(home, Chunk.numbers(at, beat))
