"""Becomes another program that cannot outlive the process that started it.

Run as a script, `python -I -S child.py PLAN program argument…` (PLAN is JSON, see `Plan`): it takes
what it needs (death signal, user, capabilities) and then *is* that program, with the same process
id. A script and not a `preexec_fn`: code between fork and exec is unsafe as soon as the parent has
a second thread. Only the standard library, so that it starts in milliseconds.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
from typing import TypedDict

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
WATCH_INTERVAL_S = 1.0


class Plan(TypedDict):
    """What the parent asks for; `uid` and `gid` are null when the user stays the same."""

    parent: int
    death_signal: int
    #: Reading end of a pipe that the parent holds open; null where the kernel does the watching.
    watch_fd: int | None
    uid: int | None
    gid: int | None
    capabilities: list[int]


def drop_to(uid: int, gid: int, capabilities: list[int]) -> None:
    """Become `uid`, keeping only `capabilities` (Linux numbers), also through the exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    if capabilities:
        _checked(libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if not capabilities:
        return
    mask = sum(1 << number for number in capabilities)
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    # effective, permitted, inheritable of the first 32 capabilities, then of the others
    sets = (ctypes.c_uint32 * 6)(mask, mask, mask, 0, 0, 0)
    _checked(libc.capset(header, sets), "set capabilities")
    for number in capabilities:
        _checked(
            libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, number, 0, 0), "keep a capability"
        )


def _checked(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"cannot {what}: {os.strerror(ctypes.get_errno())}")


def follow_parent(plan: Plan) -> None:
    """End with the parent, even when that is killed by SIGKILL."""
    watch_fd = plan["watch_fd"]
    if watch_fd is None:
        # After the change of user: the kernel forgets the death signal when credentials change.
        libc = ctypes.CDLL(None, use_errno=True)
        _checked(libc.prctl(PR_SET_PDEATHSIG, plan["death_signal"], 0, 0, 0), "follow the parent")
    else:
        _leave_watcher(watch_fd, plan["death_signal"])
    if os.getppid() != plan["parent"]:  # it died before we were ready to notice
        sys.exit(1)


def _leave_watcher(watch_fd: int, death_signal: int) -> None:
    """Leave a process behind that sees the parent's end as the end of a pipe (macOS)."""
    target = os.getpid()
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        os.close(watch_fd)
        return
    if os.fork():  # twice, so that the program has no child that it knows nothing of
        os._exit(0)
    while True:
        readable, _, _ = select.select([watch_fd], [], [], WATCH_INTERVAL_S)
        try:
            os.kill(target, death_signal if readable else 0)
        except ProcessLookupError:
            os._exit(0)
        if readable:
            os._exit(0)


def main(arguments: list[str]) -> None:
    """Do as the plan says, then exec the program; an error is one line and exit code 126."""
    plan: Plan = json.loads(arguments[0])
    program = arguments[1:]
    try:
        if plan["uid"] is not None and plan["gid"] is not None:
            drop_to(plan["uid"], plan["gid"], plan["capabilities"])
        follow_parent(plan)
        # Python ignores these; a program started by exec would inherit that.
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(program[0], program)  # noqa: S606 - no shell is the point
    except OSError as error:
        sys.stderr.write(f"cannot start {program[0]}: {error}\n")
        sys.exit(126)


if __name__ == "__main__":
    main(sys.argv[1:])
