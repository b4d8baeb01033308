"""`python -m tests.bench generate|ingest|hops|day|report|store`: make logs with their truth, and measure."""

from __future__ import annotations

import argparse
import re
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import reporting
from tests.bench.comparison import Outcome, compare, read_large
from tests.bench.corpus import Corpus, write_corpus
from tests.bench.day import write_day
from tests.bench.hop_join import measure_hops
from tests.bench.lines import Rates
from tests.bench.machine import describe_machine
from tests.bench.measurement import measure
from tests.bench.report import put_between_marks, to_markdown
from tests.bench.store import measure_store

_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9}
_PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


def read_size(text: str) -> int:
    """Return bytes for texts such as 100MB or 1.5GB."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([KMG]B|)", text.upper())
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 100MB")
    return int(float(match[1]) * _UNITS[match[2]])


def main(arguments: list[str] | None = None) -> int:
    """Run one of the verbs; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    verbs = parser.add_subparsers(dest="verb")
    verb = verbs.add_parser("generate", help="write a made-up log and its truth")
    verb.add_argument("--size", type=read_size, default=10**9)
    verb.add_argument("--seed", type=int, default=1)
    verb.add_argument("--encoding", choices=("text", "json"), default="text")
    verb.add_argument("--compression", choices=("none", "gzip", "zstd"), default="none")
    verb.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    for name, rate in vars(Rates()).items():
        verb.add_argument(f"--{name}", type=float, default=rate, help=f"share of lines (default {rate:g})")
    verb = verbs.add_parser("ingest", help="measure the reading of logs, hopline's and others'")
    verb.add_argument("--size", type=read_size, default=10**9)
    verb.add_argument("--repeat", type=int, default=1, help="runs of each reader, of which the fastest counts")
    verb.add_argument("--only", help="readers whose name holds this, such as hopline or duckdb")
    verb.add_argument("--folder", type=Path, help="where the logs are made and kept (default: a temporary one)")
    verb.add_argument("--large", type=read_size, help="also let hopline read so much text, to see its memory")
    verb.add_argument("--note", default="", help="something to say below the table")
    verb.add_argument("--write", action="store_true", help="put the table into docs/performance.md as well")
    verb = verbs.add_parser("hops", help="measure the join of requests with the connections of an east-west gateway")
    verb.add_argument("--requests", type=int, default=10**7)
    verb.add_argument("--connections", type=int, default=10**5)
    verb.add_argument("--write", action="store_true", help="put the figures into docs/performance.md as well")
    verb = verbs.add_parser("report", help="measure a report of a text log, and of a store of many requests")
    verb.add_argument("--size", type=read_size, default=10**9, help="of the log; of the store's model too")
    verb.add_argument("--requests", type=int, default=10**8, help="entries in the store; 0 leaves it out")
    verb.add_argument("--write", action="store_true", help="put the figures into docs/performance.md as well")
    verb = verbs.add_parser("store", help="measure hopline ingest, and questions to a store of a month")
    verb.add_argument("--size", type=read_size, default=10**9)
    verb.add_argument("--rows", type=int, default=100_000_000)
    verb.add_argument("--folder", type=Path, help="where text and store are made and kept (default: a temporary one)")
    verb.add_argument("--note", default="", help="something to say below the table")
    verb.add_argument("--write", action="store_true", help="put the table into docs/performance.md as well")
    verb = verbs.add_parser("day", help="measure the finding of failovers in a day of a mesh, as Parquet")
    verb.add_argument("--requests", type=int, default=100_000_000)
    verb.add_argument("--folder", type=Path, required=True, help="where the day is, or is made: 30 bytes a request")
    options = parser.parse_args(arguments)
    if options.verb == "store":
        return _store(options)
    if options.verb == "report":
        return _report(options)
    if options.verb == "generate":
        return _generate(options)
    if options.verb == "hops":
        return _hops(options)
    if options.verb == "day":
        return _day(options)
    return _ingest(options if options.verb else parser.parse_args(["ingest"]))


def _generate(options: argparse.Namespace) -> int:
    rates = Rates(**{name: getattr(options, name) for name in vars(Rates())})
    start = time.perf_counter()
    corpus = Corpus(options.encoding, options.size, options.seed, options.compression, rates)
    path, truth = write_corpus(corpus, options.out)
    print(f"{path}: {truth.entries} lines, {truth.rows} rows in {time.perf_counter() - start:.1f} s")
    return 0


def _hops(options: argparse.Namespace) -> int:
    with TemporaryDirectory(prefix="hopline-bench-") as folder:
        measured = measure_hops(options.requests, options.connections, Path(folder))
    found = measured.answer
    if found is None:
        _say(measured.problem)
        return 1
    text = (
        f"{found['requests']:,} requests, {options.connections:,} connections: joined in {found['join_s']:.1f} s "
        f"({found['join_cpu_s']:.1f} s of processor time); who answered each, {found['hops_s']:.1f} s more; at most "
        f"{measured.peak_bytes / 1e6:.0f} MB. {found['exact']:,} exact, {found['wrong']:,} wrong. "
        f"{datetime.now(UTC):%Y-%m-%d}, {describe_machine()}.\n"
    )
    print(text, end="")
    if options.write:
        put_between_marks(_PAGE, "hops", text)
    return 1 if found["wrong"] or found["exact"] != found["requests"] or found["joined"] != found["requests"] else 0


def _report(options: argparse.Namespace) -> int:
    steps = [partial(reporting.measure_log, options.size)]
    if options.requests:
        steps.append(partial(reporting.measure_store, options.requests, size=options.size))
    machine, found = describe_machine(), []
    for step in steps:
        with TemporaryDirectory(prefix="hopline-bench-") as folder:
            found.append(step(folder=Path(folder)))
        _say(reporting.describe(found[-1]))
    text = (
        "\n".join(f"- {reporting.describe(one)}" for one in found) + f"\n\n{datetime.now(UTC):%Y-%m-%d}, {machine}.\n"
    )
    print(text, end="")
    if options.write:
        put_between_marks(_PAGE, "report", text)
    return 0 if all(one.cost.answer for one in found) else 1


def _day(options: argparse.Namespace) -> int:
    if not options.folder.exists():
        start = time.perf_counter()
        write_day(options.folder, options.requests)
        _say(f"{options.requests:,} requests written in {time.perf_counter() - start:.0f} s")
    measured = measure("tests.bench.finding", [str(options.folder)])
    if measured.answer is None:
        _say(f"failed: {measured.problem}")
        return 1
    told = "as made" if measured.answer["right"] else "NOT as made"
    print(
        f"failovers of {options.requests:,} requests, {told}: {measured.answer['seconds']:.1f} s, "
        f"processor {measured.cpu_seconds:.1f} s, at most {measured.peak_bytes / 1e9:.2f} GB; {describe_machine()}"
    )
    return 0 if measured.answer["right"] else 1


def _ingest(options: argparse.Namespace) -> int:
    machine, date = describe_machine(), f"{datetime.now(UTC):%Y-%m-%d}"

    def run(folder: Path) -> list[Outcome]:
        outcomes = list(compare(options.size, folder, repeat=options.repeat, only=options.only, say=_say))
        if options.large:
            outcomes.append(read_large(options.size, options.large, folder, say=_say))
        return outcomes

    if options.folder is not None:
        outcomes = run(options.folder)
    else:
        with TemporaryDirectory(prefix="hopline-bench-") as folder:
            outcomes = run(Path(folder))
    table = to_markdown(outcomes, date=date, machine=machine + (f"; {options.note}" if options.note else ""))
    print(table)
    if options.write:
        put_between_marks(_PAGE, "ingest", table)
    return 1 if any(outcome.differences for outcome in outcomes) else 0


def _store(options: argparse.Namespace) -> int:
    machine, date = describe_machine(), f"{datetime.now(UTC):%Y-%m-%d}"
    with TemporaryDirectory(prefix="hopline-bench-") as scratch:
        table = measure_store(options.size, options.rows, options.folder or Path(scratch), _say)
    table += f"\n\n{date}, {machine}{f'; {options.note}' if options.note else ''}.\n"
    print(table)
    if options.write:
        put_between_marks(_PAGE, "store", table)
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
