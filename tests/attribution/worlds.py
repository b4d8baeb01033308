"""A recorded run as tables, and the worlds that can be made of it: lines lost, clocks wrong, addresses rewritten.

A world is made of the rows that hopline read, so that one reading serves them all.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import analysis
import ingest
from ingest import schema
from tests.analysis.simulate import Files, write_table

Row = dict[str, Any]


@dataclass(frozen=True)
class World:
    """What a session would be opened over: rows of access_log, and the other tables as they are."""

    entries: tuple[Row, ...]
    sources: tuple[Row, ...]
    inventory: tuple[Row, ...]

    def with_entries(self, change: Callable[[Row], Row | None]) -> World:
        """Return the world with every entry changed; None takes an entry out."""
        return replace(self, entries=tuple(new for row in self.entries if (new := change(row)) is not None))


@cache
def read_world(folder: Path) -> World:
    """Read everything in a folder as hopline does."""
    with tempfile.TemporaryDirectory(prefix="hopline-world-") as place:
        parsed = ingest.parse([str(folder)], folder=Path(place), workers=1)
        return World(_rows(parsed.access_log), _rows(parsed.sources), _rows(parsed.inventory))


def _rows(paths: tuple[Path, ...]) -> tuple[Row, ...]:
    return tuple(row for path in paths for row in pq.read_table(path).to_pylist())


def ask(world: World, query: str, options: analysis.Options | None = None) -> list[Row]:
    """Return the rows of one query over a world."""
    with tempfile.TemporaryDirectory(prefix="hopline-world-") as place:
        folder = Path(place)
        files = Files(
            access_log=write_table(folder / "access_log.parquet", world.entries, schema.ACCESS_LOG),
            rejects=write_table(folder / "rejects.parquet", (), schema.REJECTS),
            sources=write_table(folder / "sources.parquet", world.sources, schema.SOURCES),
            inventory=write_table(folder / "inventory.parquet", world.inventory, schema.INVENTORY),
            outlier_events=write_table(folder / "outlier_events.parquet", (), schema.OUTLIER_EVENTS),
        )
        with analysis.open_session(files, options) as session:
            return session.sql(query).to_pylist()


def is_east_west(row: Row) -> bool:
    """Say whether an entry is of an east-west gateway."""
    return bool(row["role"] == "east_west")


def is_sidecar(row: Row) -> bool:
    """Say whether an entry is of a sidecar of cluster2."""
    return bool(row["role"] == "sidecar_inbound")


def shift(row: Row, seconds: float) -> Row:
    """Return an entry as a proxy whose clock is fast by `seconds` would have logged it."""
    return {**row, "start_time": row["start_time"] + timedelta(seconds=seconds)}


def end_of(row: Row) -> Any:
    """Return when an entry ended."""
    return row["start_time"] + timedelta(milliseconds=row["duration_ms"] or 0)
