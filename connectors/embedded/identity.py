"""As whom the embedded servers run when `ioc up` is started by root.

PostgreSQL refuses to run as root, and a broker has no need to. They run as another user that may
pass through root's private folders by a capability of its own process: no folder is opened up for
others, no user is added to the machine.
"""

from __future__ import annotations

import os
import platform
import pwd
from dataclasses import dataclass
from pathlib import Path

from ioc.errors import ConfigError

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
#: The first that exists; `ioc` is for those who want a user for this alone.
CANDIDATES = ("ioc", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Identity:
    """A user to become, and the Linux capabilities that are kept."""

    uid: int
    gid: int
    capabilities: tuple[int, ...] = ()


def server_identity(data: Path, programs: tuple[Path, ...]) -> Identity | None:
    """Return whom the servers run as; None: as ourselves, because we are not root.

    `data` is the database's folder: when it is there, its owner stays its owner. `programs` are
    the files that the user must be able to execute.

    Raises:
        ConfigError: root, on a system on which root cannot hand over.
    """
    if os.geteuid() != 0:
        return None
    if platform.system() != "Linux":
        raise ConfigError("PostgreSQL refuses to run as root: run `ioc up` as an ordinary user.")
    owner = data.stat().st_uid if data.exists() else 0
    user = _account(owner) if owner else _first_account()
    return Identity(user.pw_uid, user.pw_gid, _capabilities(programs))


def _account(uid: int) -> pwd.struct_passwd:
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise ConfigError(
            f"The database's folder belongs to user {uid}, which this machine does not know."
        ) from None


def _first_account() -> pwd.struct_passwd:
    for name in CANDIDATES:
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        if user.pw_uid != 0:
            return user
    raise ConfigError(
        f"PostgreSQL refuses to run as root, and none of the users {', '.join(CANDIDATES)} exists: "
        "run `ioc up` as an ordinary user, or add a user called ioc."
    )


def _capabilities(programs: tuple[Path, ...]) -> tuple[int, ...]:
    held = _held_capabilities()
    everybody_may_execute = all(program.stat().st_mode & 0o001 for program in programs)
    if CAP_DAC_READ_SEARCH in held and everybody_may_execute:
        return (CAP_DAC_READ_SEARCH,)
    # Containers often leave only the wider one; so does an installation under umask 077.
    return (CAP_DAC_OVERRIDE,) if CAP_DAC_OVERRIDE in held else ()


def _held_capabilities() -> frozenset[int]:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("CapPrm:"):
            mask = int(line.split()[1], 16)
            return frozenset(number for number in range(64) if mask >> number & 1)
    return frozenset()
