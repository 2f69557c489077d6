"""What a real part needs on this machine: there, or a sentence; in CI it must be there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

REPO = Path(__file__).resolve().parents[2]
BUILD = REPO / "build"


def missing(sentence: str) -> NoReturn:
    """Skip the test with this sentence; with CI=true fail: a proof skipped there is no proof."""
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"CI must have it: {sentence}", pytrace=False)
    pytest.skip(sentence)


def program(name: str, install: str) -> str:
    """Return the path of a program, or say what to install."""
    path = shutil.which(name)
    if path is None:
        missing(f"no {name} on this machine ({install})")
    return path


def fetched(argv: list[str], *, cwd: Path, within_s: float) -> None:
    """Run a package client that fills a folder under build/, or say what it said."""
    try:
        done = subprocess.run(
            argv, cwd=cwd, capture_output=True, text=True, timeout=within_s, check=False
        )
    except subprocess.TimeoutExpired:
        missing(f"{Path(argv[0]).name} did not finish within {within_s:g} s")
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()[-5:]
        missing(f"{Path(argv[0]).name} could not fetch what it should: {' / '.join(said)}")
