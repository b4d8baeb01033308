"""A recorded run as tables, and the worlds that can be made of it: lines lost, clocks wrong, addresses rewritten.

A world is made of the rows that hopline read, so that one reading serves them all.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import analysis
import ingest
from tests.analysis.simulate import write_files

Row = dict[str, Any]


@dataclass(frozen=True)
class World:
    """What a session would be opened over: rows of access_log, and the other tables as they are."""

    entries: tuple[Row, ...]
    sources: tuple[Row, ...]
    inventory: tuple[Row, ...]


@cache
def read_world(*folders: Path) -> World:
    """Read everything in folders as hopline does."""
    with tempfile.TemporaryDirectory(prefix="hopline-world-") as place:
        parsed = ingest.parse([str(folder) for folder in folders], folder=Path(place), workers=1)
        return World(_rows(parsed.access_log), _rows(parsed.sources), _rows(parsed.inventory))


def _rows(paths: tuple[Path, ...]) -> tuple[Row, ...]:
    return tuple(row for path in paths for row in pq.read_table(path).to_pylist())


def ask(world: World, query: str, options: analysis.Options | None = None) -> list[Row]:
    """Return the rows of one query over a world."""
    with tempfile.TemporaryDirectory(prefix="hopline-world-") as place:
        files = write_files(Path(place), access_log=world.entries, sources=world.sources, inventory=world.inventory)
        with analysis.open_session(files, options) as session:
            return session.sql(query).to_pylist()
