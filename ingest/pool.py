"""Large logs on all processors: ranges of whole lines go to worker processes, which write their own parts.

Processes are started afresh (spawn), so that threads of the caller cannot hang them, and without the caller's
main module, which they do not need. Polars gets one thread in each.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import BinaryIO, cast

from ingest import schema
from ingest.access_log import Origin
from ingest.blocks import BLOCK_BYTES, cut_blocks
from ingest.envelopes import ENVELOPES
from ingest.facts import Facts
from ingest.formats import LogFormat
from ingest.log_reader import BlockReader, LogTables
from ingest.parser import known_formats
from ingest.tables import TableWriter
from ingest.unwrapping import Unwrapper

#: Bytes that one job reads: enough for a row group of some 190,000 rows.
JOB_BYTES = 64 << 20
_CHANGED = "the file was cut or replaced while it was read"
#: A source with less than this is read in the process itself: starting workers takes half a second.
WORTH_BYTES = 64 << 20


@dataclass(frozen=True)
class Job:
    """Whole lines of a source, and how to read them.

    The bytes are at `offset` in the file at `path`, whose inode is `file_number`; or they are all of the file at
    `path`, which was written for this job because the source is compressed, and goes away with it (`is_spool`).
    """

    origin: Origin
    format_names: tuple[str, ...]
    log_formats: tuple[str, ...]
    envelopes: tuple[str, ...]
    path: Path
    file_number: int
    is_spool: bool
    offset: int
    size: int
    first_line: int
    folder: Path
    number: int


@dataclass(frozen=True)
class Part:
    """What a job has written, and what it found."""

    facts: Facts
    access_log: Path | None
    rejects: Path | None


def run_job(job: Job) -> Part:
    """Read one range into Parquet files of its own."""
    by_name = {known.name: known for known in known_formats(job.log_formats)}
    formats: tuple[LogFormat, ...] = tuple(by_name[name] for name in job.format_names)
    chain = tuple(envelope for envelope in ENVELOPES if envelope.name in job.envelopes)
    chain = tuple(sorted(chain, key=lambda envelope: job.envelopes.index(envelope.name)))
    reader = BlockReader.for_formats(job.origin, formats, Unwrapper(chain))
    tables = LogTables(
        access_log=TableWriter(job.folder / f"access_log-{job.number}.parquet", schema.ACCESS_LOG),
        rejects=TableWriter(job.folder / f"rejects-{job.number}.parquet", schema.REJECTS),
    )
    facts = Facts(job.origin.source, job.origin.names)
    for block in cut_blocks(_read_range(job), BLOCK_BYTES, first_line=job.first_line):
        reader.read(block, facts, tables)
    reader.finish(facts, tables)
    return Part(
        facts,
        tables.access_log.close() if facts.access_log_rows else None,
        tables.rejects.close() if facts.rejected else None,
    )


def _read_range(job: Job) -> Iterator[bytes]:
    """Yield the bytes of a job; raises OSError where the file is no longer the one that the job was cut from."""
    with job.path.open("rb") as file:
        if job.is_spool:
            job.path.unlink()
        elif os.fstat(file.fileno()).st_ino != job.file_number:
            raise OSError(_CHANGED)
        file.seek(job.offset)
        left = job.size
        while left:
            chunk = file.read(min(left, BLOCK_BYTES))
            if not chunk:
                raise OSError(_CHANGED)
            left -= len(chunk)
            yield chunk


class Spool:
    """Files for the ranges of a stream that lies nowhere as it is; `keep` is what `cut_ranges` wants."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: BinaryIO | None = None
        self._number = -1

    def path_of(self, number: int) -> Path:
        """Return the file of a range."""
        return self._folder / f"spool-{number}"

    def keep(self, number: int, part: memoryview) -> None:
        """Write a part of a range."""
        if self._file is None or number != self._number:
            self.close()
            self._file, self._number = cast("BinaryIO", self.path_of(number).open("wb", buffering=0)), number
        while part:
            part = part[self._file.write(part) :]

    def close(self) -> None:
        """Close the file that is being written."""
        if self._file is not None:
            self._file.close()
            self._file = None


def _do_nothing() -> None:
    """Be the first work of a process."""


def _prepare_worker() -> None:
    """Leave interrupts to the process that gave the work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _start_conditions() -> Iterator[None]:
    """Hide the caller's main module from new processes, and give polars one thread in each."""
    main, before = sys.modules["__main__"], os.environ.get("POLARS_MAX_THREADS")
    sys.modules["__main__"] = ModuleType("__main__")
    os.environ["POLARS_MAX_THREADS"] = "1"
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        if before is None:
            del os.environ["POLARS_MAX_THREADS"]
        else:
            os.environ["POLARS_MAX_THREADS"] = before


class WorkerPool:
    """Runs jobs on an executor, a few ahead; parts come back in the order of the jobs."""

    def __init__(self, workers: int, folder: Path, log_formats: tuple[str, ...] = ()) -> None:
        self.workers = workers
        self.folder = folder
        self.log_formats = log_formats
        self._executor: Executor | None = None
        self._waiting: deque[Future[Part]] = deque()
        self._number = 0

    def next_number(self) -> int:
        """Return a number for the next part."""
        self._number += 1
        return self._number

    def start(self) -> Executor:
        """Start the processes, which takes them a while, so that they are there when work is."""
        if self._executor is None:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(self.workers, mp_context=context, initializer=_prepare_worker)
            with _start_conditions():
                for _ in range(self.workers):
                    self._executor.submit(_do_nothing)
        return self._executor

    def submit(self, job: Job) -> Iterator[Part]:
        """Start a job; yields parts that are done where too many are waiting."""
        executor = self.start()
        # A process may have ended before, and another be started.
        with _start_conditions():
            self._waiting.append(executor.submit(run_job, job))
        while len(self._waiting) > self.workers + 1:
            yield self._waiting.popleft().result()

    def drain(self) -> Iterator[Part]:
        """Yield all parts that are still to come."""
        while self._waiting:
            yield self._waiting.popleft().result()

    def close(self) -> None:
        """Stop the workers; jobs that have not begun are dropped."""
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None


def count_workers() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
