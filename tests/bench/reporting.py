"""`python -m tests.bench.reporting LOGS|STORE OUT`: write one report, as `python -m tests.bench report` measures it.

Runs in a fresh process and prints its seconds and the size of the page as JSON.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from hopline.cli import run
from ingest.store import ingest_logs, is_store
from tests.bench.corpus import Corpus, write_corpus
from tests.bench.measurement import Measured, measure
from tests.bench.month import write_month

#: Size of the log that a store of many requests is made of, again and again.
_MODEL_BYTES = 10**9


@dataclass(frozen=True)
class Reported:
    """A report that was written: out of what, what it cost, and the size of its page (0 where it failed)."""

    of: str
    cost: Measured
    page_bytes: int


def measure_log(size: int, folder: Path) -> Reported:
    """Return what a report of a text log of that many bytes costs, end to end."""
    log, truth = write_corpus(Corpus("text", size), folder)
    return _measure(f"a text log of {size / 1e9:g} GB, {truth.entries:,} lines, end to end", log, folder)


def measure_store(requests: int, folder: Path, size: int = _MODEL_BYTES) -> Reported:
    """Return what a report out of a store of about that many entries costs; `size` is that of its model, in bytes."""
    log, _ = write_corpus(Corpus("text", size), folder)
    ingest_logs([str(log)], store=folder / "model", workers=2)
    rows = write_month(folder / "model", folder / "month", requests)
    return _measure(f"a store of {rows:,} entries of a month", folder / "month", folder)


def describe(reported: Reported) -> str:
    """Return one sentence of what a report cost."""
    cost = reported.cost
    if cost.answer is None:
        return f"A report of {reported.of} failed: {cost.problem}"
    return (
        f"A report of {reported.of}: {cost.answer['seconds']:.1f} s ({cost.cpu_seconds:.1f} s of processor time), "
        f"at most {cost.peak_bytes / 1e6:.0f} MB; its page is {reported.page_bytes / 1e6:.1f} MB."
    )


def _measure(of: str, source: Path, folder: Path) -> Reported:
    out = folder / "report.html"
    cost = measure("tests.bench.reporting", [str(source), str(out)])
    return Reported(of, cost, out.stat().st_size if cost.answer else 0)


def write_report(source: str, out: str) -> dict[str, float]:
    """Write a report as the command line does; returns its seconds. Raises SystemExit where it fails."""
    begun = time.perf_counter()
    asked = ["--store", source] if is_store(Path(source)) else [source]
    code = run(["report", *asked, "-o", out])
    if code:
        raise SystemExit(code)
    return {"seconds": time.perf_counter() - begun}


if __name__ == "__main__":
    print(json.dumps(write_report(sys.argv[1], sys.argv[2])))
