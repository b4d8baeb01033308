"""hopline and other readers on the same made-up logs, each in a fresh process."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from tests.bench.corpus import Corpus, truth_path, write_corpus
from tests.bench.measurement import Measured, measure
from tests.bench.readers import PYTHON_PART
from tests.bench.truth import COLUMNS, Truth


@dataclass(frozen=True)
class Contest:
    """A reader on a log; the first contest of a `kind` is what the others of it are compared with."""

    title: str
    reader: str
    kind: str
    encoding: str = "text"
    compression: str = "none"
    packages: tuple[str, ...] = ()


HOPLINE = ("polars", "pyarrow")
CONTESTS = (
    Contest("hopline, 2 workers", "hopline-2", "text", packages=HOPLINE),
    Contest("hopline, 1 worker", "hopline-1", "text", packages=HOPLINE),
    Contest("hopline, 2 workers, gzip", "hopline-2", "text", compression="gzip", packages=("isal",)),
    Contest("hopline, 2 workers, zstd", "hopline-2", "text", compression="zstd", packages=("pyarrow",)),
    Contest("ClickHouse `splitByChar`", "chdb", "text", packages=("chdb-core",)),
    Contest("DuckDB `string_split`", "duckdb-split", "text", packages=("duckdb",)),
    Contest("DuckDB `regexp_extract`", "duckdb-regexp", "text", packages=("duckdb",)),
    Contest("polars `extract_groups`", "polars", "text", packages=("polars",)),
    Contest(f"Python `re` loop, first {PYTHON_PART // 10**6} MB, scaled", "python", "text"),
    Contest("hopline JSON, 2 workers", "hopline-2", "json", encoding="json", packages=HOPLINE),
    Contest("hopline JSON, 1 worker", "hopline-1", "json", encoding="json", packages=HOPLINE),
    Contest("DuckDB `read_json`", "duckdb-json", "json", encoding="json", packages=("duckdb",)),
)


@dataclass(frozen=True)
class Outcome:
    """One line of the table. `found` is rows per expected row; `exact` whether hopline met the truth."""

    contest: Contest
    bytes: int
    seconds: float | None
    cpu_seconds: float
    peak_bytes: int
    found: float
    differences: tuple[str, ...] = ()
    problem: str = ""

    @property
    def speed(self) -> float | None:
        """Bytes of text per second."""
        return None if self.seconds is None else self.bytes / self.seconds


def compare(
    size: int, folder: Path, *, repeat: int, only: str | None, say: Callable[[str], None], seed: int = 1
) -> Iterator[Outcome]:
    """Make the logs of `size` bytes in `folder`, and yield the best of `repeat` runs of each reader."""
    made: dict[Corpus, Path] = {}
    for contest in CONTESTS:
        if only is not None and only not in contest.reader:
            continue
        corpus = Corpus(contest.encoding, size, seed, contest.compression)
        path = folder / corpus.name
        if corpus not in made and not truth_path(path).exists():
            say(f"making {corpus.name}")
            write_corpus(corpus, folder)
        made[corpus] = path
        runs = []
        for _ in range(repeat):
            say(contest.title)
            runs.append(run_contest(contest, path, folder / "out"))
            say(f"  {runs[-1].seconds or 0:.1f} s, {runs[-1].cpu_seconds:.1f} CPU s {runs[-1].problem}")
        yield min(runs, key=lambda outcome: outcome.seconds or float("inf"))


def run_contest(contest: Contest, log: Path, folder: Path) -> Outcome:
    """Run one reader on a log that has its truth beside it; `folder` is emptied before and removed after."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    table = json.loads(truth_path(log).read_text(encoding="utf-8"))
    size, truth = table["bytes"], Truth.read(truth_path(log))
    measured = measure("tests.bench.readers", [contest.reader, str(log), str(folder)])
    outcome = _judge(contest, measured, size, truth, folder)
    shutil.rmtree(folder)
    return outcome


def _judge(contest: Contest, measured: Measured, size: int, truth: Truth, folder: Path) -> Outcome:
    answer = measured.answer
    if answer is None or "missing" in answer:
        problem = measured.problem if answer is None else f"{answer['missing']} is not installed"
        return Outcome(contest, size, None, 0, 0, 0, problem=problem)
    read = answer["bytes"] or size
    scale = size / read
    differences: tuple[str, ...] = ()
    if contest.reader.startswith("hopline"):
        found = read_back(folder)
        found.odd = truth.odd
        differences = tuple(truth.differences(found))
        rows = found.rows
    else:
        rows = sum(pq.read_metadata(file).num_rows for file in folder.glob("*.parquet"))
    return Outcome(
        contest,
        size,
        answer["seconds"] * scale,
        measured.cpu_seconds * scale,
        measured.peak_bytes,
        rows * scale / truth.rows,
        differences,
    )


def read_back(folder: Path) -> Truth:
    """Return what hopline found, from its Parquet files."""
    found = Truth()
    for file in sorted(folder.glob("sources*.parquet")):
        for row in pq.read_table(file).to_pylist():
            found.entries += row["entries_read"]
            found.rejected += row["rejected"]
            found.others.update(dict(row["others"]))
    for file in sorted(folder.glob("access_log*.parquet")):
        for batch in pq.ParquetFile(file).iter_batches(50_000, columns=[*COLUMNS, "line", "ambiguous"]):
            found.see_rows(pl.DataFrame(pl.from_arrow(batch)))
    return found
