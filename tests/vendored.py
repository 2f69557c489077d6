"""The parts of others that we keep: fetched again, compared with their checksums, renewed.

python -m tests.vendored                  each file as its registry publishes it must be ours
python -m tests.vendored PART VERSION     take another version of one part (uplot, axe, inter)

A part is a folder with a file VENDOR: its package, project, licence and the checksum of each file.
"""

from __future__ import annotations

import hashlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

REPO = Path(__file__).parents[1]
FOLDERS = (REPO / "api" / "web", REPO / "tests" / "vendor")
PACKAGE = re.compile(r"^package\s+(?P<name>\S+) (?P<version>\S+) \(npm\)$", re.MULTILINE)
FILE = re.compile(r"^sha256\s+(?P<digest>[0-9a-f]{64})  (?P<name>\S+)$", re.MULTILINE)
FETCH_WITHIN_S = 120


@dataclass(frozen=True)
class Part:
    """One package of a VENDOR file, with the files that we keep of it and their checksums."""

    folder: Path
    package: str
    version: str
    files: dict[str, str]

    @property
    def name(self) -> str:
        """Return the name that people say: `inter` of `@fontsource-variable/inter`."""
        return self.package.rpartition("/")[2]


def parts() -> Iterator[Part]:
    """Yield every part that we keep."""
    for vendor in sorted(file for folder in FOLDERS for file in folder.rglob("VENDOR")):
        text = vendor.read_text(encoding="utf-8")
        starts = list(PACKAGE.finditer(text))
        ends = [start.start() for start in starts[1:]] + [len(text)]
        for start, end in zip(starts, ends, strict=True):
            files = {
                found["name"]: found["digest"] for found in FILE.finditer(text, start.end(), end)
            }
            yield Part(vendor.parent, start["name"], start["version"], files)


def digest_of(data: bytes) -> str:
    """Return the checksum as VENDOR writes it."""
    return hashlib.sha256(data).hexdigest()


def fetched(package: str, version: str) -> dict[str, list[bytes]]:
    """Return the files of a package by their last name, as npm publishes them."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", "--silent", f"{package}@{version}"],
            cwd=folder,
            check=True,
            timeout=FETCH_WITHIN_S,
            stdout=subprocess.DEVNULL,
        )
        archive = next(Path(folder).glob("*.tgz")).read_bytes()
    found: dict[str, list[tuple[int, bytes]]] = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            if (file := tar.extractfile(member)) is not None:
                path = PurePosixPath(member.name)
                found.setdefault(path.name, []).append((len(path.parts), file.read()))
    return {name: [data for _, data in sorted(each)] for name, each in found.items()}


def check(part: Part) -> list[str]:
    """Return what is not as the registry publishes it."""
    published = fetched(part.package, part.version)
    wrong = []
    for name, digest in part.files.items():
        if digest not in {digest_of(data) for data in published.get(name, [])}:
            wrong.append(f"{part.package} {part.version}: {name} was published otherwise")
        if digest_of((part.folder / name).read_bytes()) != digest:
            wrong.append(f"{part.folder / name} is not the file that VENDOR names")
    return wrong


def renew(part: Part, version: str) -> None:
    """Take another version: its files, their checksums and the version in VENDOR."""
    published = fetched(part.package, version)
    vendor = part.folder / "VENDOR"
    text = vendor.read_text(encoding="utf-8")
    text = text.replace(f"{part.package} {part.version} (npm)", f"{part.package} {version} (npm)")
    for name, digest in part.files.items():
        if name not in published:
            sys.exit(f"{part.package} {version} has no {name}: see what it is called now")
        data = published[name][0]
        (part.folder / name).write_bytes(data)
        text = text.replace(digest, digest_of(data))
    vendor.write_text(text, encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    """Check all parts, or renew one."""
    known = list(parts())
    match arguments:
        case []:
            wrong = [line for part in known for line in check(part)]
            for part in known:
                sys.stdout.write(f"{part.package} {part.version}: {len(part.files)} files\n")
            sys.exit("\n".join(wrong) or 0)
        case [name, version]:
            chosen = [part for part in known if name in {part.name, part.folder.name}]
            if len(chosen) != 1:
                sys.exit(f"no part {name}; there are {', '.join(part.name for part in known)}")
            renew(chosen[0], version)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
