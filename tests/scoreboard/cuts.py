"""Incidents derived from recorded ones: lines cut out, the head cut off, or only few lines kept."""

from __future__ import annotations

import gzip
import random
import re
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from tests.scoreboard.expectations import Cut

_START = re.compile(rb"\[([^\]]+)\]")
_REQUEST_ID = re.compile(rb'"([0-9a-f]{8}-[0-9a-f-]{27})"')


def cut_lines(lines: Sequence[bytes], cut: Cut, fault_at: datetime) -> list[bytes]:
    """Return the lines of a text log that the cut leaves; a cut through time takes lines that stand together."""
    if cut.kind == "thin":
        chance = random.Random(cut.one_in)
        return [line for line in lines if chance.random() < 1 / cut.one_in]
    begin = _find(lines, fault_at + timedelta(seconds=cut.since_s)) if cut.kind == "gap" else 0
    end = _find(lines, fault_at + timedelta(seconds=cut.until_s))
    return [*lines[:begin], *lines[end:]]


def _find(lines: Sequence[bytes], moment: datetime) -> int:
    """Return the first line whose request began at `moment` or later."""
    return next(n for n, line in enumerate(lines) if _start(line) >= moment)


def _start(line: bytes) -> datetime:
    found = _START.match(line)
    assert found, line
    return datetime.fromisoformat(found[1].decode())


def derive(folder: Path, target: Path, cut: Cut, fault_at: datetime) -> set[str]:
    """Copy a recorded incident with the cut made in its ingress logs; return the ids of the requests left."""
    shutil.copytree(folder, target)
    kept: set[str] = set()
    for path in sorted((target / "cluster1" / "ingress").iterdir()):
        unpack, pack = _codec(path)
        lines = cut_lines(unpack(path.read_bytes()).splitlines(keepends=True), cut, fault_at)
        path.write_bytes(pack(b"".join(lines)))
        kept |= {found[1].decode() for line in lines if (found := _REQUEST_ID.search(line))}
    return kept


def _codec(path: Path) -> tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]:
    if path.suffix == ".gz":
        return gzip.decompress, gzip.compress
    return bytes, bytes
