"""nginx with nchan, the yardstick for live views: one worker process on a free port, in a folder.

Debian and Ubuntu: `apt-get install nginx libnginx-mod-nchan`. Nothing of the machine's own nginx
is used or touched but its program and module.
"""

from __future__ import annotations

import http.client
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.house import eventually, free_port

MODULE = "ngx_nchan_module.so"
MODULE_FOLDERS = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/local/nginx/modules")
HOW_TO = "the yardstick is missing: `apt-get install nginx libnginx-mod-nchan`, then again"
STARTS_WITHIN_S = 10.0

CONFIG = """\
load_module {module};
daemon off;
user {user};
worker_processes 1;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections {files}; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 1000000;
    nchan_shared_memory_size 256M;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /publish {{
            nchan_publisher;
            nchan_channel_id live;
            nchan_message_buffer_length 100;
        }}
        location = /live {{
            nchan_subscriber eventsource;
            nchan_channel_id live;
            nchan_subscriber_first_message newest;
        }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Nchan:
    """A running nginx; `pid` is its one worker."""

    port: int
    pid: int
    publisher: http.client.HTTPConnection

    def publish(self, message: bytes) -> None:
        """Send a message to every client."""
        headers = {"X-EventSource-Event": "alarm", "Content-Type": "application/json"}
        self.publisher.request("POST", "/publish", message, headers)
        answer = self.publisher.getresponse()
        answer.read()
        assert answer.status in {200, 201, 202}, answer.status


def module() -> Path | None:
    """Return where the module is; None when this machine has not both, nginx and nchan."""
    if shutil.which("nginx") is None:
        return None
    found = (Path(folder) / MODULE for folder in MODULE_FOLDERS)
    return next((path for path in found if path.exists()), None)


@contextmanager
def running_nchan(folder: Path, clients: int) -> Iterator[Nchan]:
    """Start nginx on an empty folder, with room for `clients`.

    Raises:
        SystemExit: it is not installed; says how to.
    """
    where = module()
    if where is None:
        raise SystemExit(HOW_TO)
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        CONFIG.format(
            module=where,
            user=pwd.getpwuid(os.geteuid()).pw_name,
            files=2 * clients + 100,
            folder=folder,
            port=port,
        )
    )
    process = subprocess.Popen(
        ["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(config)]
    )
    publisher = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        pid = eventually(lambda: _worker(process), STARTS_WITHIN_S, f"nginx runs; see {folder}")
        yield Nchan(port, pid, publisher)
    finally:
        publisher.close()
        process.terminate()
        process.wait(30)


def _worker(master: subprocess.Popen[bytes]) -> int | None:
    assert master.poll() is None, f"nginx ended with {master.returncode}"
    children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
    return int(children[0]) if children else None
