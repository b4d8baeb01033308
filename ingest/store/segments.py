"""Segments: folders of Parquet files that hold lines of one source and never change."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import schema
from ingest.blocks import Block
from ingest.log_reader import LogTables
from ingest.pool import Part, Range
from ingest.reading import Output
from ingest.store.manifest import StoredFile
from ingest.tables import TableWriter

#: Where the lines of a source are: by this a line is found again in the log, and known to be the same.
RANGES = pa.schema(
    [
        pa.field("offset", pa.int64()),
        pa.field("size", pa.int64()),
        pa.field("first_line", pa.int64()),
        pa.field("lines", pa.int64()),
        pa.field("digest", pa.string()),
    ]
)
#: The bytes of the lines themselves, with --keep-raw.
RAW = pa.schema(
    [
        pa.field("first_line", pa.int64()),
        pa.field("lines", pa.int64()),
        pa.field("raw", pa.binary()),
    ]
)
#: The tables that a query sees.
TABLES: Mapping[str, pa.Schema] = {
    "access_log": schema.ACCESS_LOG,
    "rejects": schema.REJECTS,
    "inventory": schema.INVENTORY,
    "outlier_events": schema.OUTLIER_EVENTS,
    "mesh_config": schema.MESH_CONFIG,
    "endpoint_counters": schema.ENDPOINT_COUNTERS,
}


class SegmentWriter:
    """Writes the Parquet files of one segment into a folder that nobody reads yet."""

    def __init__(self, folder: Path, *, keep_raw: bool) -> None:
        self.folder = folder
        self._writers = {
            name: TableWriter(folder / f"{name}.parquet", kind, lasting=True) for name, kind in TABLES.items()
        }
        self._writers["ranges"] = TableWriter(folder / "ranges.parquet", RANGES)
        self._raw = pq.ParquetWriter(folder / "raw.parquet", RAW, compression="zstd") if keep_raw else None
        self.parts: list[Part] = []

    @property
    def logs(self) -> LogTables:
        """The tables that a log is written into."""
        return LogTables(self._writers["access_log"], self._writers["rejects"])

    def output(self, sources: TableWriter) -> Output:
        """Return the tables that a source is written into; `sources` stays empty."""
        named = {name: self._writers[name] for name in TABLES if name not in ("access_log", "rejects")}
        return Output(self.logs, sources, **named, parts=self.parts)

    def see_block(self, block: Block, in_pool: bool = False) -> None:
        """Take in where the lines of a block are; of those that go to the pool, the parts tell."""
        if block.overlong:
            return
        if not in_pool:
            self._add_range(
                Range(
                    block.offset,
                    len(block.data),
                    block.first_line,
                    block.lines,
                    hashlib.sha256(block.data).hexdigest(),
                )
            )
        if self._raw is not None:
            row = {"first_line": block.first_line, "lines": block.lines, "raw": block.data}
            self._raw.write_table(pa.Table.from_pylist([row], schema=RAW))

    def close(self) -> list[Path]:
        """Write what is held, take in the parts that workers wrote, and return the files."""
        moved: list[Path] = []
        for part in self.parts:
            if part.range is not None:
                self._add_range(part.range)
            written_there = [path for path in (part.access_log, part.rejects) if path is not None]
            moved += [path.rename(self.folder / path.name) for path in written_there]
        written = [writer.close() for writer in self._writers.values() if writer.rows]
        if self._raw is not None:
            self._raw.close()
            written.append(self.folder / "raw.parquet")
        return [*written, *moved]

    def _add_range(self, found: Range) -> None:
        self._writers["ranges"].add_rows([vars(found)])


def describe_file(path: Path, root: Path) -> StoredFile:
    """Return what a manifest says about a Parquet file in the folder `root`."""
    metadata = pq.read_metadata(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    table = path.stem.partition("-")[0]
    first, last = _bounds(metadata) if table == "access_log" else (None, None)
    return StoredFile(
        table, path.relative_to(root).as_posix(), metadata.num_rows, path.stat().st_size, digest, first, last
    )


def _bounds(metadata: Any) -> tuple[datetime | None, datetime | None]:
    """Return the earliest and the latest start_time in a file, by its statistics."""
    column = metadata.schema.names.index("start_time")
    found: list[datetime] = []
    for group in range(metadata.num_row_groups):
        statistics = metadata.row_group(group).column(column).statistics
        if statistics is not None and statistics.has_min_max:
            found += [statistics.min, statistics.max]
    times = [time if time.tzinfo else time.replace(tzinfo=UTC) for time in found]
    return min(times, default=None), max(times, default=None)


def write_empty_tables(folder: Path, names: Sequence[str]) -> dict[str, Path]:
    """Write tables of no rows into a folder, for a store that holds none of a kind."""
    paths = {}
    for name in names:
        paths[name] = folder / f"empty-{name}.parquet"
        pq.write_table(TABLES[name].empty_table(), paths[name])
    return paths
