"""A clock that runs faster than ours, for a process, an API and a browser at once."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from unittest.mock import patch

from api import hub
from api.server import serve
from ioc import clock
from ioc.clock import now as real_now
from ioc.settings import Settings
from tests.acceptance.house import House

#: Everything of a page that tells or waits for time; the network is as fast as it is.
_WARP = """(() => {
  const speed = %(speed)r, began = %(began_ms)r;
  const RealDate = Date, real = performance.now.bind(performance), realNow = Date.now;
  const own = (name) => globalThis[name].bind(globalThis);
  const later = own('setTimeout'), every = own('setInterval'), frame = own('requestAnimationFrame');
  performance.now = () => speed * real();
  const now = () => Math.round(began + speed * (realNow() - began));
  class FastDate extends RealDate {
    constructor(...given) { super(...(given.length === 0 ? [now()] : given)); }
    static now() { return now(); }
  }
  globalThis.Date = FastDate;
  globalThis.setTimeout = (act, ms = 0, ...rest) => later(act, ms / speed, ...rest);
  globalThis.setInterval = (act, ms = 0, ...rest) => every(act, ms / speed, ...rest);
  globalThis.requestAnimationFrame = (draw) => frame(() => draw(performance.now()));
})();"""


@dataclass(frozen=True, slots=True)
class FastClock:
    """`speed` of its seconds are one of ours; both showed the same time at `began`."""

    began: datetime
    speed: float

    @classmethod
    def started(cls, speed: float) -> Self:
        """Return one that starts now."""
        return cls(real_now(), speed)

    def now(self) -> datetime:
        """Return its time."""
        return self.began + self.speed * (real_now() - self.began)

    def real(self, span: timedelta) -> float:
        """Return how many of our seconds a span of its time lasts."""
        return span.total_seconds() / self.speed

    def script(self) -> str:
        """Return what a page runs before anything else, to go by this clock."""
        return _WARP % {"speed": self.speed, "began_ms": self.began.timestamp() * 1000}

    def arguments(self) -> list[str]:
        """Return what starts an API that goes by this clock."""
        return ["-m", __name__, self.began.isoformat(), str(self.speed)]


@contextmanager
def running_api(house: House, fast: FastClock) -> Iterator[None]:
    """Serve the API of a house by a fast clock."""
    with (house.folder / "api.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, *fast.arguments()],
            env=house.environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def main() -> None:
    """Serve the API of the settings by a fast clock."""
    fast = FastClock(datetime.fromisoformat(sys.argv[1]), float(sys.argv[2]))
    with (
        patch.object(clock, "now", fast.now),
        patch.object(hub, "HEARTBEAT_S", hub.HEARTBEAT_S / fast.speed),
        patch.object(hub, "HEALTH_S", hub.HEALTH_S / fast.speed),
    ):
        serve(Settings())


if __name__ == "__main__":
    main()
