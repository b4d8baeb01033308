"""Lines that were collected twice, by two shippers or into two overlapping files: found, and set apart.

Two sources hold the same line when it was written by the same proxy (cluster, gateway and replica are the same), all
that was logged is equal, and it has a request id; or when it has none (TCP, NR, no upstream) but lies in a run of
lines that both sources hold in the same order. Single lines without an id are left alone: a proxy may well write the
same line twice in a millisecond. Lines of one source never count as each other's duplicates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from ingest import schema
from ingest.names import Names
from ingest.tables import TableWriter

#: So many lines in a row that two sources hold are no chance.
RUN_LINES = 20

#: What differs between two collections of the same line.
_PROVENANCE = frozenset({"source", "line", "cluster_id", "gateway", "proxy", "role", "extra", "ambiguous"})
_LOGGED = [field.name for field in schema.ACCESS_LOG if field.name not in _PROVENANCE]
_READ = ["line", "cluster_id", "gateway", "proxy", *_LOGGED]


@dataclass(frozen=True)
class Rival:
    """Another source that may hold the same lines: its labels and files of access_log, in the order of its lines."""

    source_id: str
    names: Names
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Divided:
    """Files that stand for one: each with the ids of the sources that hold all of its rows as well."""

    path: Path
    held_by: tuple[str, ...]


def divide_file(path: Path, names: Names, rivals: Sequence[Rival]) -> list[Divided]:
    """Write the rows of a file that rivals hold into files of their own beside it; the file goes where it has any."""
    mine = _fingerprint([path], names)
    held = {rival.source_id: _find_held(mine, rival) for rival in rivals}
    held = {source_id: lines for source_id, lines in held.items() if len(lines)}
    if not held:
        return [Divided(path, ())]
    holders = _group(mine["line"], held)
    writers: dict[tuple[str, ...], TableWriter] = {}
    for table in _read_groups(path):
        place = pl.from_arrow(table.column("line")).to_frame("line").join(holders, on="line", how="left")  # type: ignore[union-attr]
        sets = place["holders"].fill_null("").to_list()
        for found in dict.fromkeys(sets):
            key = tuple(found.split()) if found else ()
            if key not in writers:
                writers[key] = TableWriter(_name(path, len(writers)), schema.ACCESS_LOG, lasting=True)
            writers[key].add(table.filter(pa.array([each == found for each in sets])))
    divided = [Divided(writer.close(), key) for key, writer in writers.items()]
    path.unlink()
    return divided


def overlaps(first: datetime | None, last: datetime | None, other: tuple[datetime | None, datetime | None]) -> bool:
    """Say whether two spans of time have something in common; what has no time may."""
    if first is None or last is None or other[0] is None or other[1] is None:
        return True
    return first <= other[1] and other[0] <= last


def _name(path: Path, number: int) -> Path:
    return path.with_name(f"{path.stem}-{'abcdefghijklmnopqrstuvwxyz'[number % 26]}{number}.parquet")


def _read_groups(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the row groups of a file, so that memory does not grow with it."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group, columns=None if columns is None else list(columns))


def _fingerprint(files: Sequence[Path], names: Names) -> pl.DataFrame:
    """Return line, key (a hash of proxy and all that was logged), has_id, place (of the row) and the number of a key.

    Rows are in the order of their lines.
    """
    parts = [_hash_rows(table, names) for path in files for table in _read_groups(path, _READ)]
    frame = pl.concat(parts) if parts else _hash_rows(schema.ACCESS_LOG.empty_table().select(_READ), names)
    return frame.sort("line").with_row_index("place").with_columns(n=pl.int_range(pl.len()).over("key"))


def _hash_rows(table: pa.Table, names: Names) -> pl.DataFrame:
    frame = pl.DataFrame(pl.from_arrow(table))

    def name(column: str) -> pl.Expr:
        label = pl.lit(getattr(names, column), dtype=pl.String)
        return label if names.labelled and column != "proxy" else pl.coalesce(pl.col(column), label)

    flags = pl.col("response_flags").list.join(",")
    logged = [flags if column == "response_flags" else pl.col(column) for column in _LOGGED]
    who = [name(column).alias(column) for column in ("cluster_id", "gateway", "proxy")]
    return frame.select(
        "line",
        key=pl.struct(*who, *logged).hash(),
        has_id=pl.col("request_id").fill_null("") != "",
        named=pl.coalesce(pl.col("proxy"), pl.lit(names.proxy, dtype=pl.String)).is_not_null(),
    )


def _find_held(mine: pl.DataFrame, rival: Rival) -> pl.Series:
    """Return the lines of mine that a rival holds too."""
    theirs = _fingerprint(rival.files, rival.names).select("key", "n", there="place")
    both = mine.filter("named").join(theirs, on=["key", "n"], how="inner").sort("place")
    run = ((pl.col("place").diff() != 1) | (pl.col("there").cast(pl.Int64).diff() != 1)).fill_null(value=True).cum_sum()
    both = both.with_columns(run=run).with_columns(length=pl.len().over("run"))
    return both.filter(pl.col("has_id") | (pl.col("length") >= RUN_LINES))["line"]


def _group(lines: pl.Series, held: Mapping[str, pl.Series]) -> pl.DataFrame:
    """Return each line that is held, with the ids of its holders."""
    frame = lines.to_frame("line")
    columns = [
        pl.when(pl.col("line").is_in(found.implode())).then(pl.lit(source_id)).alias(source_id)
        for source_id, found in sorted(held.items())
    ]
    names = pl.concat_str(columns, separator=" ", ignore_nulls=True)
    return frame.with_columns(holders=names).filter(pl.col("holders") != "")
