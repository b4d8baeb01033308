"""What a store costs and what it gives: parsing with one and two workers, questions to a month, and the text tools."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.bench.corpus import Corpus, truth_path, write_corpus
from tests.bench.measurement import measure
from tests.bench.month import write_month
from tests.bench.storing import QUESTIONS

#: The same questions to the text, by the tools that are everywhere; {log} is the file, {id} a request id.
_TEXT_TOOLS = {
    "look-up by request id": ("zgrep", "zgrep {id} {log}.gz"),
    "group by status": ("mawk", "mawk '{{ n[$5]++ }} END {{ for (c in n) print c, n[c] }}' {log}"),
}
_HEAD = ("What", "Seconds", "How it is known")


def measure_store(size: int, rows: int, folder: Path, say: Callable[[str], None]) -> str:
    """Return the table of the figures as Markdown; `folder` keeps the text (`size` bytes) and the store (`rows`)."""
    log = folder / Corpus(size=size).name
    if not truth_path(log).exists():
        say("making the text")
        write_corpus(Corpus(size=size), folder)
    lines = list(_measure_ingest(log, folder, say))
    month = folder / "month"
    if not (month / "store.json").exists():
        say(f"making a store of {rows:,} rows")
        write_month(folder / "store-2", month, rows)
    say("asking it")
    asked = measure("tests.bench.storing", ["ask", str(month)])
    if asked.answer is None:
        raise RuntimeError(asked.problem)
    held = sum(1 for _ in (month / "segments").rglob("*.parquet"))
    lines.append(("open the store", f"{asked.answer['open']:.2f}", f"measured; {held} Parquet files"))
    for question in QUESTIONS:
        found = asked.answer[question]
        how = f"measured, the fastest of three; the first took {found['first']:.2f}"
        lines.append((question, f"{found['fastest']:.2f}", how))
    lines += _measure_text(log, rows, say)
    table = [_HEAD, ("---", "---:", "---"), *lines]
    return "\n".join("| " + " | ".join(line) + " |" for line in table)


def _measure_ingest(log: Path, folder: Path, say: Callable[[str], None]) -> Iterator[tuple[str, str, str]]:
    size = log.stat().st_size
    for workers in (1, 2):
        store = folder / f"store-{workers}"
        shutil.rmtree(store, ignore_errors=True)
        say(f"ingest with {workers} of 2 workers")
        done = measure("tests.bench.storing", ["ingest", str(log), str(store), str(workers)])
        if done.answer is None:
            raise RuntimeError(done.problem)
        seconds = done.answer["seconds"]
        how = f"measured; {size / seconds / 1e6:.0f} MB/s, {done.cpu_seconds:.1f} CPU s, {done.peak_bytes / 1e6:.0f} MB"
        yield f"ingest of {size / 1e9:.2g} GB, {workers} worker(s)", f"{seconds:.1f}", how


def _measure_text(log: Path, rows: int, say: Callable[[str], None]) -> Iterator[tuple[str, str, str]]:
    """Yield what text tools need for the same questions: measured on the text, calculated for as many rows."""
    packed = log.with_name(log.name + ".gz")
    if not packed.exists():
        say("compressing the text")
        with packed.open("wb") as out:
            subprocess.run(["gzip", "-1", "-c", log], stdout=out, check=True)
    with log.open("rb") as file:
        count = sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 24), b""))
    for question, (tool, command) in _TEXT_TOOLS.items():
        if shutil.which(tool) is None:
            yield f"{question}, {tool}", "-", f"{tool} is not installed"
            continue
        say(f"{question} with {tool}")
        begun = time.perf_counter()
        filled = command.format(log=log, id="cf966287-0329-4f40-906c-df0fb3b1cd0d")
        subprocess.run(["sh", "-c", filled], stdout=subprocess.DEVNULL, check=False)
        seconds = time.perf_counter() - begun
        factor = rows / count
        how = f"calculated: {seconds:.2f} s measured on {count:,} lines, times {factor:.1f}"
        yield f"{question}, {tool} on the text", f"{seconds * factor:.0f}", how
