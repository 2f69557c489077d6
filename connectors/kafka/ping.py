"""Does Kafka answer? Asked by hand: often, cheaply, and without leaving a client behind."""

from __future__ import annotations

import contextlib
import socket
import struct

#: ApiVersions, version 0, id 1, no client name: every broker answers it, whatever its version.
_REQUEST = struct.pack(">ihhih", 10, 18, 0, 1, -1)
_ANSWER_HEAD = struct.Struct(">iih")  # size, id, error code


def answers(bootstrap: str, timeout_s: float = 2.0) -> bool:
    """Return whether one of the servers in `host:port[,host:port]` speaks Kafka's protocol."""
    servers = bootstrap.split(",")
    return any(_answers(server.strip(), timeout_s / len(servers)) for server in servers)


def _answers(server: str, timeout_s: float) -> bool:
    host, _, port = server.rpartition(":")
    with contextlib.suppress(OSError, ValueError):
        with socket.create_connection((host.strip("[]"), int(port)), timeout_s) as connection:
            connection.settimeout(timeout_s)
            connection.sendall(_REQUEST)
            head = connection.recv(_ANSWER_HEAD.size, socket.MSG_WAITALL)
        if len(head) == _ANSWER_HEAD.size:
            _, request_id, _ = _ANSWER_HEAD.unpack(head)
            return bool(request_id == 1)
    return False
