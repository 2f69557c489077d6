"""What the wall decides, run in Node on its own modules; the drawing is tested in a browser."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

JS = Path(__file__).parents[2] / "api" / "web" / "js"
DATA = Path(__file__).parents[1] / "data"
STORIES = sorted((Path(__file__).parent / "web").glob("*.test.mjs"))


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that every Node takes for ES modules, whatever its defaults."""
    folder = tmp_path_factory.mktemp("web")
    shutil.copytree(JS, folder / "js")
    shutil.copytree(STORIES[0].parent, folder / "stories")
    (folder / "data").mkdir()
    for name in ("fold.json", "refusals.json"):
        shutil.copy(DATA / name, folder / "data")
    (folder / "package.json").write_text('{"type": "module"}')
    return folder


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name.removesuffix(".test.mjs"))
def test_the_modules_of_the_screens_keep_their_promises(story: Path, modules: Path) -> None:
    node = shutil.which("node")
    if node is None:
        if os.getenv("CI"):
            pytest.fail("no Node on this machine, and CI needs it")
        pytest.skip("no Node on this machine: the screens' modules are not tested")
    # A machine set to another time zone and language must show the same.
    foreign = {**os.environ, "TZ": "America/Los_Angeles", "LC_ALL": "en_US.UTF-8"}
    run = subprocess.run(
        [node, "--test", str(modules / "stories" / story.name)],
        capture_output=True,
        text=True,
        timeout=60,
        env=foreign,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
