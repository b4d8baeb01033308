"""One source, read to its end: log or inventory, here or in worker processes."""

from __future__ import annotations

import codecs
import hashlib
import os
import secrets
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from dataclasses import dataclass, field, replace
from itertools import chain

from ingest.arguments import Source, time_in_name
from ingest.blocks import BLOCK_BYTES, Block, cut_blocks
from ingest.contents import SAMPLE_BYTES, Content, name_of, open_contents
from ingest.entries import ENTRIES
from ingest.errors import InventoryError
from ingest.facts import Facts
from ingest.formats import LogFormat
from ingest.inventory import Context, InventoryFormat, read_snapshot
from ingest.log_reader import BlockReader, LogTables, decode
from ingest.names import folder_of_archive, names_from_path, names_of_snapshot, with_label
from ingest.pool import JOB_BYTES, WORTH_BYTES, Job, Part, Spool, WorkerPool
from ingest.tables import TableWriter

#: An inventory file is held in memory whole; a larger one is refused.
MAX_INVENTORY_BYTES = 2 << 30
#: Bytes in a block that is only counted, for workers to read: where it is small, memory is used again at once.
COUNTED_BYTES = 1 << 20
#: Logs in these envelopes may hold lines in parts, and are read in order.
_ORDERED_ENVELOPES = frozenset({"entries", "cri", "docker-json-file", "json-shipper"})


@dataclass(frozen=True)
class Progress:
    """How far reading has come. `bytes_total` is the size on disk, `bytes_done` how much of it is read."""

    source: str
    sources_done: int
    sources_total: int
    bytes_done: int
    bytes_total: int
    entries: int


@dataclass(frozen=True)
class Output:
    """What is being written: tables of this process, and the parts that workers have written."""

    logs: LogTables
    sources: TableWriter
    inventory: TableWriter
    outlier_events: TableWriter
    mesh_config: TableWriter
    endpoint_counters: TableWriter
    parts: list[Part] = field(default_factory=list)


def read_source(
    source: Source,
    formats: Sequence[LogFormat],
    output: Output,
    *,
    pool: WorkerPool | None = None,
    report: Callable[[int, int, int], None] = lambda done, total, entries: None,
) -> list[Facts]:
    """Read one source to its end into the tables, and return the facts that were written about it.

    An archive is as many sources as it has files, named `ARCHIVE!PATH`, and one more of its own where it could not be
    read to its end. `report` is called with bytes done, bytes in all, and entries after every block.
    """
    read: list[Facts] = []
    entries = 0
    try:
        with source.path.open("rb") as file:
            status = os.fstat(file.fileno())
            total = status.st_size
            for content in open_contents(file):
                reading = Reading(
                    source_of(source, content), content, formats, output, pool=pool, file_number=status.st_ino
                )
                read.append(reading.facts)
                for _ in reading.read(total):
                    report(min(file.tell(), total), total, entries + reading.facts.entries_read)
                entries += reading.facts.entries_read
    except OSError as error:
        read = read or [Facts(source.name, source.names)]
        read[-1].error = error.strerror or str(error)
    output.sources.add_rows([facts.to_row() for facts in read])
    return read


def _is_ordered(reader: BlockReader) -> bool:
    return any(envelope.name in _ORDERED_ENVELOPES for envelope in reader.unwrapper.chain)


def source_of(source: Source, content: Content) -> Source:
    """Return the source that a content of a file is: for a member of an archive, one with a name of its own."""
    if not content.inner:
        return source
    inner = "/".join(content.inner)
    root = str(source.path.parent / folder_of_archive(source.name))
    names = names_from_path(f"{root}/{inner}", root)
    if source.names.labelled:
        names = with_label(names, source.names.cluster_id or "", source.names.gateway or "")
    observed_at = source.observed_at or time_in_name(content.inner[-1])
    return Source(name_of(source.name, content), source.path, names, observed_at)


@dataclass(frozen=True)
class Start:
    """Where a source is read from: behind `lines` lines of `offset` bytes with the SHA-256 `digest`.

    `manner` is how they were read (`BlockReader.manner`).
    """

    offset: int = 0
    lines: int = 0
    digest: str = hashlib.sha256().hexdigest()
    manner: str | None = None


FROM_THE_BEGINNING = Start()


class ChangedError(OSError):
    """The beginning of a source is not what it was, or asks for another way to read it."""


class Reading:
    """The reading of one source.

    After `read`: `facts`; `reader` (None for an inventory and where nothing was read); `tail`, the last line where it
    had no end and was asked to be left out; `open_lines`, how many lines at the end were read although they were not
    whole; and `failed`, where not everything up to the end of the source was read:
    `system_error` is what ended it, if a worker met that.
    """

    def __init__(
        self,
        source: Source,
        content: Content,
        formats: Sequence[LogFormat],
        output: Output,
        *,
        pool: WorkerPool | None,
        file_number: int,
    ) -> None:
        self.facts = Facts(source.name, source.names, compression=content.compression)
        self._source = source
        self._content = content
        self._formats = formats
        self._output = output
        self._pool = pool
        self._file_number = file_number
        self._digest = hashlib.sha256()
        self._sample = b""
        self._block_bytes: int | None = None
        self.reader: BlockReader | None = None
        self.tail: Block | None = None
        self.open_lines = 0
        self.failed = False
        self.system_error: OSError | None = None

    def read(
        self,
        size: int,
        *,
        start: Start = FROM_THE_BEGINNING,
        hold_tail: bool = False,
        see_block: Callable[[Block, bool], None] = lambda block, in_pool: None,
    ) -> Iterator[None]:
        """Read the content of a file of `size` bytes on disk to its end; yields after each block.

        From `start` on, where it is given: only a log whose lines lie in the stream as they are can be. `hold_tail`
        keeps a last line without an end out of the tables, in `tail`. `see_block` is called with each block, and
        whether it goes to the pool. Raises ChangedError where the source does not begin as `start` says.
        """
        facts, content = self.facts, self._content

        def see(chunk: bytes) -> None:
            facts.bytes_read += len(chunk)
            self._digest.update(chunk)

        chunks = content.lines(see)
        if start.offset:
            chunks = self._skip(content.lines(), start)
        try:
            blocks = cut_blocks(
                chunks, lambda: self._block_bytes or BLOCK_BYTES, first_line=start.lines + 1, offset=start.offset
            )
            yield from self._read(self._without_tail(blocks) if hold_tail else blocks, size, start, see_block)
        except InventoryError as error:
            self.failed = True
            facts.error = str(error).removeprefix(f"{facts.source}: ")
        except BrokenExecutor:
            self.failed = True
            facts.error = "a worker process ended before its work was done (out of memory?)"
        finally:
            self._collect()
            self.failed |= facts.error is not None
            facts.content_id = self._digest.hexdigest()
            facts.truncated |= content.truncated
            facts.error = facts.error or content.problem

    def _skip(self, chunks: Iterator[bytes], start: Start) -> Iterator[bytes]:
        """Yield what comes after `start`; keep the beginning as a sample."""
        left = start.offset
        for chunk in chunks:
            self.facts.bytes_read += len(chunk)
            if len(self._sample) < SAMPLE_BYTES:
                self._sample += chunk[:SAMPLE_BYTES]
            skipped, rest = chunk[:left], chunk[left:]
            self._digest.update(skipped)
            left -= len(skipped)
            if skipped and not left and self._digest.hexdigest() != start.digest:
                break
            if rest:
                self._digest.update(rest)
                yield rest
        else:
            if not left:
                return
        raise ChangedError("the file changed while it was read")

    def _without_tail(self, blocks: Iterator[Block]) -> Iterator[Block]:
        """Yield blocks of lines that have an end, unless lines are read in order; keep the one that has none."""
        for block in blocks:
            if not block.unended:
                yield block
                continue
            whole, newline, last = block.data.rpartition(b"\n")
            lines = block.lines - 1
            if newline:
                yield replace(block, data=whole, lines=lines, unended=False)
            tail = Block(last, block.first_line + lines, 1, block.offset + len(whole) + len(newline), unended=True)
            if self.reader is not None and _is_ordered(self.reader):
                yield tail
            else:
                self.tail = tail

    def _read(
        self, blocks: Iterator[Block], size: int, start: Start, see_block: Callable[[Block, bool], None]
    ) -> Iterator[None]:
        facts, content = self.facts, self._content
        first = next(blocks, None)
        beginning = first or self.tail
        if beginning is None:
            return
        blocks = blocks if first is None else chain((first,), blocks)
        if content.inventory is not None:
            yield from self._read_inventory(blocks, content.inventory, see_block)
            return
        reader = self._make_reader(beginning.data, start)
        ordered = _is_ordered(reader)
        worth = WORTH_BYTES if content.compression == "none" else WORTH_BYTES // 8
        if self._pool is not None and size >= worth and not ordered and not reader.is_binary:
            yield from self._read_in_pool(blocks, size, reader, self._pool, see_block)
            return
        try:
            for block in blocks:
                reader.read(block, facts, self._output.logs)
                see_block(block, False)
                yield
        finally:
            whole = facts.others["continued"]
            reader.finish(facts, self._output.logs)
            self.open_lines = whole - facts.others["continued"]

    def _make_reader(self, beginning: bytes, start: Start) -> BlockReader:
        """Return the reader for the source, by its first lines; raises ChangedError where those ask for another."""
        sample = (self._sample.removeprefix(codecs.BOM_UTF8) or beginning)[:SAMPLE_BYTES]
        outer = () if self._content.container is None else (ENTRIES,)
        self.reader = BlockReader.for_sample(sample, self._source.name, self._source.names, self._formats, outer)
        if start.manner not in (None, self.reader.manner):
            raise ChangedError("longer, the beginning of the log is read in another way")
        return self.reader

    def _read_inventory(
        self, blocks: Iterator[Block], known: InventoryFormat, see_block: Callable[[Block, bool], None]
    ) -> Iterator[None]:
        facts = self.facts
        facts.is_inventory = True
        facts.formats[known.name] += 1
        parts, size = [], 0
        for block in blocks:
            parts.append(block.data)
            see_block(block, False)
            size += len(block.data)
            facts.entries_read += block.lines
            facts.others[known.counted_as] += block.lines
            if size > MAX_INVENTORY_BYTES:
                raise InventoryError(f"{facts.source}: larger than {MAX_INVENTORY_BYTES >> 30} GiB")
            yield
        facts.names = names_of_snapshot(facts.names)
        context = Context(facts.source, facts.names, self._source.observed_at)
        snapshot = read_snapshot(known, decode(b"\n".join(parts)), context)
        self._output.inventory.add_rows(snapshot.inventory)
        self._output.outlier_events.add_rows(snapshot.outlier_events)
        self._output.mesh_config.add_rows(snapshot.mesh_config)
        self._output.endpoint_counters.add_rows(snapshot.endpoint_counters)
        if snapshot.unread_lines:
            facts.others[known.counted_as] -= snapshot.unread_lines
            facts.others["not_access_log"] += snapshot.unread_lines

    def _read_in_pool(
        self,
        blocks: Iterator[Block],
        size: int,
        reader: BlockReader,
        pool: WorkerPool,
        see_block: Callable[[Block, bool], None],
    ) -> Iterator[None]:
        """Give ranges of blocks to the workers, which read them from the file; what is packed is unpacked for them."""
        pool.start()
        self._block_bytes = min(BLOCK_BYTES, COUNTED_BYTES)
        most = _job_bytes(size, pool.workers) if self._content.in_place else JOB_BYTES
        first, held, spool = None, 0, None
        for block in blocks:
            if block.overlong:
                reader.read(block, self.facts, self._output.logs)
            else:
                see_block(block, True)
                first = first or block
                held += len(block.data) + 1
                if not self._content.in_place:
                    spool = spool or Spool(pool.folder / f"spool-{block.first_line}-{secrets.token_hex(4)}")
                    spool.add(block.data)
            if first is not None and (held >= most or block.overlong):
                self._submit(first, held, spool, reader, pool)
                first, held, spool = None, 0, None
            yield
        if first is not None:
            self._submit(first, held, spool, reader, pool)

    def _submit(self, first: Block, size: int, spool: Spool | None, reader: BlockReader, pool: WorkerPool) -> None:
        if spool is not None:
            spool.close()
        job = Job(
            origin=reader.origin,
            format_names=tuple(known.name for known in reader.formats),
            log_formats=pool.log_formats,
            envelopes=tuple(envelope.name for envelope in reader.unwrapper.chain),
            path=self._source.path,
            file_number=self._file_number,
            offset=first.offset,
            size=size,
            spool=None if spool is None else spool.path,
            first_line=first.first_line,
            folder=pool.folder,
            number=pool.next_number(),
            lasting=pool.lasting,
        )
        for part in pool.submit(job):
            self._take(part)

    def _collect(self) -> None:
        """Wait for the parts of this source that are still being written."""
        if self._pool is None:
            return
        while True:
            try:
                for part in self._pool.drain():
                    self._take(part)
                return
            except OSError as error:  # the next call goes on behind the job that failed
                self.facts.error = error.strerror or str(error)
                self.system_error = error
            except BrokenExecutor:
                self.facts.error = "a worker process ended before its work was done (out of memory?)"

    def _take(self, part: Part) -> None:
        self._output.parts.append(part)
        self.facts.merge(part.facts)


def _job_bytes(size: int, workers: int) -> int:
    """Return how much of a file to give to a worker at a time, so that all end together."""
    rounds = max(round(size / JOB_BYTES / workers), 1)
    return size // (rounds * workers) + 1
