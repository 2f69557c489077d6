"""Runs a module as `python -m` would, and writes down where its threads were, 200 times a second.

`python -m tests.benchmarks.profiled OUTPUT MODULE ARGUMENT…`. It looks while there is a file
`measuring` in the working folder, so that start and end do not blur the picture. A thread looks at
the frames of all the others, so it costs little, but it needs the interpreter lock to look: places
that give the lock up (waiting, long calls into C) are seen more often than they take. For
orientation, not for figures.
"""

from __future__ import annotations

import runpy
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType

SAMPLE_EVERY_S = 0.005
WRITE_EVERY_S = 1.0
ROWS = 40
MEASURING = "measuring"


class Sampler(threading.Thread):
    """Counts functions: `own` when one is the innermost, `whole` when it is anywhere above."""

    def __init__(self, output: Path) -> None:
        super().__init__(name="sampler", daemon=True)
        self._output = output
        self._marker = Path(MEASURING).absolute()
        self._samples = 0
        self._own: dict[str, Counter[str]] = {}
        self._whole: dict[str, Counter[str]] = {}

    def run(self) -> None:
        """Sample for as long as the process lives."""
        written_s = time.monotonic()
        while True:
            time.sleep(SAMPLE_EVERY_S)
            if not self._marker.exists():
                continue
            self._look()
            if time.monotonic() - written_s > WRITE_EVERY_S:
                self._write()
                written_s = time.monotonic()

    def _look(self) -> None:
        self._samples += 1
        names = {thread.ident: thread.name for thread in threading.enumerate()}
        for ident, frame in sys._current_frames().items():
            if ident == self.ident:
                continue
            thread = names.get(ident, "foreign")
            places = _places(frame)
            self._own.setdefault(thread, Counter())[places[0]] += 1
            self._whole.setdefault(thread, Counter()).update(set(places))

    def _write(self) -> None:
        lines = [f"{self._samples} samples, every {1000 * SAMPLE_EVERY_S:g} ms"]
        for thread, own in sorted(self._own.items()):
            whole = self._whole[thread]
            lines += ["", f"thread {thread}", f"{'own':>6} {'whole':>6}"]
            shown = dict.fromkeys(place for place, _ in own.most_common(ROWS // 2))
            shown |= dict.fromkeys(place for place, _ in whole.most_common(ROWS))
            for place in sorted(shown, key=lambda place: (-own[place], -whole[place])):
                shares = (own[place] / self._samples, whole[place] / self._samples)
                lines.append(f"{shares[0]:>6.1%} {shares[1]:>6.1%}  {place}")
        self._output.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _places(frame: FrameType | None) -> list[str]:
    """Return the functions from the innermost to the outermost."""
    found = []
    while frame is not None:
        code = frame.f_code
        file = "/".join(Path(code.co_filename).parts[-3:])
        found.append(f"{code.co_qualname}  {file}")
        frame = frame.f_back
    return found


def main() -> None:
    """Run the module named in the arguments under the sampler."""
    output, module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    Sampler(Path(output)).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
