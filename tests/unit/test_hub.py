"""One feed, many views: what the hub does with views that end while it tells them."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from api.hub import FullError, Hub
from api.province import ProvinceReader
from api.subscription import QUEUE_CHUNKS, Dropped, Frame, Subscription
from connectors.timescale.database import Database


async def a_view(hub: Hub, area: str | None, written: list[bytes]) -> Subscription:
    """Return a view that keeps up and leaves when it has ended, as a stream lets it."""
    view = await hub._subscribe(area)
    view.begin(0, [])
    view.attach(written.append, lambda: hub.leave(view))
    return view


def a_hub() -> Hub:
    """Return a hub that has reached the end of an empty log."""
    hub = Hub(cast("Database", None), cast("ProvinceReader", None))
    hub._begin([])
    return hub


def a_frame(seq: int, area: str = "05443") -> Frame:
    return Frame(seq, area, b"%d;" % seq)


async def test_a_view_that_is_dropped_while_all_are_told_keeps_nothing_from_the_others() -> None:
    hub = a_hub()
    written: dict[str | None, list[bytes]] = {"05443": [], None: [], "05455": []}
    views = {area: await a_view(hub, area, told) for area, told in written.items()}
    views["05443"].pause()
    for seq in range(1, QUEUE_CHUNKS + 2):
        hub._publish([a_frame(seq)])
    assert views["05443"].dropped is Dropped.QUEUE_FULL
    hub._publish([a_frame(QUEUE_CHUNKS + 2, "05455")])
    assert hub._views() == [views[None], views["05455"]]
    assert len(written[None]) == QUEUE_CHUNKS + 2
    assert written["05455"] == [b"4\r\n258;\r\n"]


async def test_all_of_an_area_are_written_the_same_bytes() -> None:
    hub = a_hub()
    first, second = list[bytes](), list[bytes]()
    await a_view(hub, None, first)
    await a_view(hub, None, second)
    hub._publish([a_frame(1), a_frame(2)])
    assert first == [b"4\r\n1;2;\r\n"]
    assert first[0] is second[0]


@pytest.mark.parametrize("turns", range(5))
async def test_a_hub_that_is_stopped_just_as_something_is_published_ends(turns: int) -> None:
    hub = a_hub()
    numbers = asyncio.create_task(hub._send_numbers())
    await asyncio.sleep(0.01)
    hub._publish([a_frame(1)])
    for _ in range(turns):
        await asyncio.sleep(0)
    numbers.cancel()
    await asyncio.wait([numbers], timeout=0.1)
    assert numbers.cancelled()


async def test_a_stopping_hub_ends_every_view_and_takes_no_more() -> None:
    hub = a_hub()
    for area in (None, "05443", "05443"):
        await a_view(hub, area, [])
    hub.end()
    assert hub._views() == []
    with pytest.raises(FullError):
        await hub._subscribe(None)
