"""hopline and other readers on the same made-up logs, each in a fresh process."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import polars as pl
import pyarrow.parquet as pq

from tests.bench.corpus import Corpus, pack_corpus, repeat_corpus, truth_path, write_corpus
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


#: What chdb brings along: Arrow and polars load it where it is, and hopline's own installation has neither.
_NOT_OURS = ("numpy", "pandas")


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
    for contest in CONTESTS:
        if only is not None and only not in contest.reader:
            continue
        path = _make(Corpus(contest.encoding, size, seed, contest.compression), folder, say)
        runs = []
        for _ in range(repeat):
            say(contest.title)
            runs.append(run_contest(contest, path, folder / "out"))
            say(f"  {runs[-1].seconds or 0:.1f} s, {runs[-1].cpu_seconds:.1f} CPU s {runs[-1].problem}")
        yield min(runs, key=lambda outcome: outcome.seconds or float("inf"))


def _make(corpus: Corpus, folder: Path, say: Callable[[str], None]) -> Path:
    path = folder / corpus.name
    if not truth_path(path).exists():
        plain = folder / replace(corpus, compression="none").name
        say(f"making {corpus.name}")
        if truth_path(plain).exists():
            return pack_corpus(corpus, plain)
        write_corpus(corpus, folder)
    return path


def read_large(size: int, large: int, folder: Path, *, say: Callable[[str], None], seed: int = 1) -> Outcome:
    """Let hopline read the text of `size` bytes so many times after itself that it has `large` bytes or more."""
    path = _make(Corpus("text", size, seed), folder, say)
    times = -(-large // size)
    contest = Contest(f"hopline, 2 workers, {times} times the text", "hopline-2", "large", packages=HOPLINE)
    say(contest.title)
    repeated, out = repeat_corpus(path, times), folder / "out"
    try:
        measured = _measure(contest, repeated, out)
        read, truth = repeated.stat().st_size, Truth.read(truth_path(path))
        if measured.answer is None:
            return Outcome(contest, read, None, 0, 0, 0, problem=measured.problem)
        differences = tuple(_differences_of_repeated(truth, times, out))
        return Outcome(
            contest, read, measured.answer["seconds"], measured.cpu_seconds, measured.peak_bytes, 1, differences
        )
    finally:
        repeated.unlink()
        shutil.rmtree(out, ignore_errors=True)


def _differences_of_repeated(truth: Truth, times: int, folder: Path) -> Iterator[str]:
    """Compare what adds up: entries, and sums over rows (checksums of whole rows hold line numbers, and do not)."""
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT count(*), count(DISTINCT line), sum(bytes_sent)::BIGINT, count(request_id), "
            "(SELECT sum(entries_read)::BIGINT FROM read_parquet($sources)), "
            "(SELECT sum(rejected)::BIGINT FROM read_parquet($sources)) FROM read_parquet($rows)",
            {"rows": str(folder / "access_log*.parquet"), "sources": str(folder / "sources*.parquet")},
        ).fetchone()
    expected = (
        truth.rows,
        truth.rows,
        truth.columns["bytes_sent"][1],
        truth.columns["request_id"][0],
        truth.entries,
        truth.rejected,
    )
    names = ("rows", "different lines", "sum of bytes_sent", "request ids", "entries", "rejects")
    for name, one, all_ in zip(names, expected, found or (), strict=True):
        if one * times != all_:
            yield f"{name}: expected {one * times}, found {all_}"


def run_contest(contest: Contest, log: Path, folder: Path) -> Outcome:
    """Run one reader on a log that has its truth beside it; `folder` is emptied before and removed after."""
    table = json.loads(truth_path(log).read_text(encoding="utf-8"))
    size, truth = table["bytes"], Truth.read(truth_path(log))
    measured = _measure(contest, log, folder)
    outcome = _judge(contest, measured, size, truth, folder)
    shutil.rmtree(folder)
    return outcome


def _measure(contest: Contest, log: Path, folder: Path) -> Measured:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if not contest.reader.startswith("hopline"):
        return measure("tests.bench.readers", [contest.reader, str(log), str(folder)])
    with TemporaryDirectory(prefix="hopline-bench-") as hiding:
        for name in _NOT_OURS:
            Path(hiding, f"{name}.py").write_text(f'raise ModuleNotFoundError("{name} is hidden")\n', encoding="utf-8")
        path = os.pathsep.join((hiding, *filter(None, (os.environ.get("PYTHONPATH"),))))
        return measure("tests.bench.readers", [contest.reader, str(log), str(folder)], environment={"PYTHONPATH": path})


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
