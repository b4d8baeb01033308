"""Large logs on all processors: ranges of whole lines go to worker processes, which write their own parts.

Processes are started afresh (spawn), so that threads of the caller cannot hang them, without the caller's main module,
which they do not need, and with an environment for work on many blocks of the same size.
"""

from __future__ import annotations

import hashlib
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
#: One thread for polars. A worker takes the same memory for each block: given back in between, by the C library or by
#: Arrow's mimalloc, it costs a twentieth of all time to get it again.
WORKER_ENVIRONMENT = {
    "POLARS_MAX_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 31),
    "MIMALLOC_PURGE_DELAY": "-1",
}
_CHANGED = "the file was cut or replaced while it was read"
#: A source with less than this is read in the process itself: starting workers takes half a second.
WORTH_BYTES = 64 << 20


@dataclass(frozen=True)
class Job:
    """Whole lines of a source, and how to read them: `size` bytes with the last newline, which the file may not have.

    The bytes are at `offset` in the file at `path`, whose inode is `file_number`; or, where the source had to be
    unpacked, they are all of the file at `spool`, which goes away with the job.
    """

    origin: Origin
    format_names: tuple[str, ...]
    log_formats: tuple[str, ...]
    envelopes: tuple[str, ...]
    path: Path
    file_number: int
    offset: int
    size: int
    spool: Path | None
    first_line: int
    folder: Path
    number: int
    lasting: bool = False


@dataclass(frozen=True)
class Range:
    """Whole lines of a source, by which its lines can be found again.

    `size` bytes without the last newline, from `offset` of the decompressed stream on; `digest` is their SHA-256.
    """

    offset: int
    size: int
    first_line: int
    lines: int
    digest: str


@dataclass(frozen=True)
class Part:
    """What a job has written, and what it found; `range` is what it read, where the part is lasting."""

    facts: Facts
    access_log: Path | None
    rejects: Path | None
    range: Range | None = None


def run_job(job: Job) -> Part:
    """Read one range into Parquet files of its own."""
    by_name = {known.name: known for known in known_formats(job.log_formats)}
    formats: tuple[LogFormat, ...] = tuple(by_name[name] for name in job.format_names)
    chain = tuple(envelope for envelope in ENVELOPES if envelope.name in job.envelopes)
    chain = tuple(sorted(chain, key=lambda envelope: job.envelopes.index(envelope.name)))
    reader = BlockReader.for_formats(job.origin, formats, Unwrapper(chain))
    tables = LogTables(
        access_log=TableWriter(job.folder / f"access_log-{job.number}.parquet", schema.ACCESS_LOG, lasting=job.lasting),
        rejects=TableWriter(job.folder / f"rejects-{job.number}.parquet", schema.REJECTS),
    )
    facts = Facts(job.origin.source, job.origin.names)
    digest = hashlib.sha256()
    for block in cut_blocks(_read_range(job, digest), BLOCK_BYTES, first_line=job.first_line):
        reader.read(block, facts, tables)
    reader.finish(facts, tables)
    return Part(
        facts,
        tables.access_log.close() if facts.access_log_rows else None,
        tables.rejects.close() if facts.rejected else None,
        Range(job.offset, job.size - 1, job.first_line, facts.entries_read, digest.hexdigest())
        if job.lasting
        else None,
    )


def _read_range(job: Job, digest: hashlib._Hash) -> Iterator[bytes]:
    """Yield the bytes of a job; raises OSError where the file is no longer the one that the job was cut from.

    Of a lasting part `digest` becomes that of all bytes but the last newline.
    """
    with (job.path if job.spool is None else job.spool).open("rb") as file:
        if job.spool is not None:
            job.spool.unlink()
        else:
            if os.fstat(file.fileno()).st_ino != job.file_number:
                raise OSError(_CHANGED)
            file.seek(job.offset)
        left = job.size
        while left and (chunk := file.read(min(left, BLOCK_BYTES))):
            if job.lasting:
                digest.update(memoryview(chunk)[: left - 1])
            left -= len(chunk)
            yield chunk
        if left > 1:
            raise OSError(_CHANGED)


class Spool:
    """A file of unpacked lines on their way to a worker."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("wb")

    def add(self, data: bytes) -> None:
        """Write whole lines, `data` without the last newline."""
        self._file.write(data)
        self._file.write(b"\n")

    def close(self) -> None:
        """Give the rest to the file."""
        self._file.close()


def _do_nothing() -> None:
    """Be the first work of a process."""


def _prepare_worker() -> None:
    """Leave interrupts to the process that gave the work."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _start_conditions() -> Iterator[None]:
    """Hide the caller's main module from new processes, and give them the environment of workers."""
    main, before = sys.modules["__main__"], dict(os.environ)
    sys.modules["__main__"] = ModuleType("__main__")
    os.environ.update(WORKER_ENVIRONMENT)
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        for name in WORKER_ENVIRONMENT:
            if name in before:
                os.environ[name] = before[name]
            else:
                del os.environ[name]


class WorkerPool:
    """Runs jobs on an executor, a few ahead; parts come back in the order of the jobs.

    `executor` runs them in the place of a pool of `workers` processes of this machine, such as that of a Dask client;
    it is not shut down. Whatever it runs them on needs hopline, the logs and `folder` under the same paths. Parts are
    `lasting` files where they are to be kept.
    """

    def __init__(
        self,
        workers: int,
        folder: Path,
        log_formats: tuple[str, ...] = (),
        *,
        executor: Executor | None = None,
        lasting: bool = False,
    ) -> None:
        self.workers = workers
        self.folder = folder
        self.log_formats = log_formats
        self.lasting = lasting
        self._own: Executor | None = None
        self._executor = executor
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
            self._own = ProcessPoolExecutor(self.workers, mp_context=context, initializer=_prepare_worker)
            self._executor = self._own
            with _start_conditions():
                for _ in range(self.workers):
                    self._own.submit(_do_nothing)
        return self._executor

    def submit(self, job: Job) -> Iterator[Part]:
        """Start a job; yields parts that are done where too many are waiting."""
        executor = self.start()
        # Any submission may start a process.
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
        if self._own is not None:
            self._own.shutdown(wait=True, cancel_futures=True)
            self._own = self._executor = None


def count_workers() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
