"""Room for thousands of connections in one process."""

from __future__ import annotations

import resource


def raise_open_files(needed: int) -> None:
    """Let this process, and what it starts, open so many files.

    Raises:
        SystemExit: the machine does not allow it; says how to.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise SystemExit(
            f"{needed} open files are needed and this machine allows a process {hard}: raise the "
            f"hard limit (`ulimit -Hn {needed}` as root, or LimitNOFILE=) and try again."
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
