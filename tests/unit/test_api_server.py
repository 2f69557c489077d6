"""What `ioc api` asks of the machine before it listens."""

from __future__ import annotations

import subprocess
import sys

import pytest

LIMITED = """
import logging, resource, sys
from api.server import raise_open_files
logging.basicConfig(stream=sys.stdout, format="%(message)s")
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 512))
raise_open_files(int(sys.argv[1]))
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("wanted", "limit", "is_told"), [(32, 64, False), (400, 400, False), (6_200, 512, True)]
)
def test_room_for_the_views_is_made_or_the_lack_of_it_told(
    wanted: int, limit: int, is_told: bool
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(wanted)], capture_output=True, text=True, check=True
    )
    *told, found = done.stdout.splitlines()
    assert int(found) == limit
    assert [("512 open files" in line) for line in told] == [True] * is_told
