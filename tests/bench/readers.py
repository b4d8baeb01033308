"""Readers of logs, each for a process of its own: `python -m tests.bench.readers NAME LOG FOLDER`.

Every reader makes Parquet files (zstd) with the same 24 typed columns; hopline's have its other columns as well.
What is printed is JSON: seconds of work (imports are over, starting worker processes counts), bytes and rows read.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from tests.bench.truth import COLUMNS

#: A reader imports what it needs, and returns the work.
Work = Callable[[], Any]
#: The Python loop is given the first so many bytes only.
PYTHON_PART = 100 * 10**6


def hopline(log: Path, folder: Path, *, workers: int) -> Work:
    import polars as pl

    import ingest

    parse = ingest.parse  # imports happen here
    assert pl.thread_pool_size()
    return lambda: parse([str(log)], folder=folder, workers=workers)


def chdb(log: Path, folder: Path) -> Work:
    import chdb as engine

    from tests.bench.queries import select_chdb

    return lambda: engine.query(select_chdb(log, folder / "rows.parquet"))


def duckdb(log: Path, folder: Path, *, query: str) -> Work:
    import duckdb as engine

    from tests.bench import queries

    text = {
        "split": queries.select_duckdb_split,
        "regexp": queries.select_duckdb_regexp,
        "json": queries.select_duckdb_json,
    }[query](log, folder / "rows.parquet")

    def work() -> None:
        with engine.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
            connection.execute(text)

    return work


def polars(log: Path, folder: Path) -> Work:
    import polars as pl

    from tests.bench.queries import EXPRESSION, NUMBERS

    types = {"INTEGER": pl.Int32, "BIGINT": pl.Int64}

    def column(number: int, name: str) -> pl.Expr:
        value = pl.col("g").struct.field(str(number + 1))
        if name == "start_time":
            return value.str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="us", time_zone="UTC").alias(name)
        if name == "response_flags":
            flags = pl.when(value == "-").then(pl.lit([], pl.List(pl.String))).otherwise(value.str.split(","))
            return flags.alias(name)
        if name in NUMBERS:
            return value.cast(types[NUMBERS[name]], strict=False).alias(name)
        return pl.when(value != "-").then(value).alias(name)

    def work() -> None:
        lines = pl.scan_lines(log, name="line")
        groups = lines.select(pl.col("line").str.extract_groups(EXPRESSION).alias("g"))
        kept = groups.filter(pl.col("g").struct.field("1").is_not_null())
        rows = kept.select(column(number, name) for number, name in enumerate(COLUMNS))
        rows.sink_parquet(folder / "rows.parquet", compression="zstd", compression_level=1)

    return work


def python(log: Path, folder: Path) -> Work:
    """Read with a loop over the lines, the usual script."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    from ingest import schema
    from tests.bench.queries import EXPRESSION, NUMBERS

    table = pa.schema([schema.ACCESS_LOG.field(name) for name in COLUMNS])
    expression = re.compile(EXPRESSION)
    readers: list[Callable[[str], Any]] = [lambda text: None if text == "-" else text] * len(COLUMNS)
    for number, name in enumerate(COLUMNS):
        if name == "start_time":
            readers[number] = datetime.fromisoformat
        elif name == "response_flags":
            readers[number] = lambda text: [] if text == "-" else text.split(",")
        elif name in NUMBERS:
            readers[number] = lambda text: None if text == "-" else int(text)

    def work() -> None:
        read = 0
        with (
            log.open(encoding="utf-8", errors="backslashreplace") as file,
            pq.ParquetWriter(folder / "rows.parquet", table, compression="zstd", compression_level=1) as writer,
        ):
            while read < PYTHON_PART and (lines := list(islice(file, 50_000))):
                read += sum(map(len, lines))
                rows = []
                for line in lines:
                    match = expression.match(line)
                    if match is not None:
                        groups = match.groups()
                        rows.append([value(text) for value, text in zip(readers, groups, strict=True)])
                columns = [
                    pa.array(values, type_) for values, type_ in zip(zip(*rows, strict=True), table.types, strict=True)
                ]
                writer.write_table(pa.Table.from_arrays(columns, schema=table))
        work.bytes_read = read  # type: ignore[attr-defined]

    return work


READERS: dict[str, Callable[[Path, Path], Work]] = {
    "hopline-1": lambda log, folder: hopline(log, folder, workers=1),
    "hopline-2": lambda log, folder: hopline(log, folder, workers=2),
    "chdb": chdb,
    "duckdb-split": lambda log, folder: duckdb(log, folder, query="split"),
    "duckdb-regexp": lambda log, folder: duckdb(log, folder, query="regexp"),
    "duckdb-json": lambda log, folder: duckdb(log, folder, query="json"),
    "polars": polars,
    "python": python,
}


def main(name: str, log: str, folder: str) -> None:
    try:
        work = READERS[name](Path(log), Path(folder))
    except ImportError as error:
        print(json.dumps({"missing": error.name}))
        return
    start = time.perf_counter()
    work()
    print(json.dumps({"seconds": time.perf_counter() - start, "bytes": getattr(work, "bytes_read", None)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
