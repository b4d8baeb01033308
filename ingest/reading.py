"""One source, read block by block: what is in it, and the facts that its row in `sources` states."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ingest import schema
from ingest.arguments import Source
from ingest.blocks import Block, cut_blocks
from ingest.compression import ByteStream
from ingest.envelopes import find_envelopes
from ingest.errors import InventoryError
from ingest.formats import LogFormat
from ingest.inventory import Context, InventoryFormat, recognise
from ingest.names import Names, names_of_snapshot, role_of_gateway, workload_of_pod
from ingest.parser import parse_lines
from ingest.rows import Origin, to_table
from ingest.tables import TableWriter
from ingest.unwrapping import Unwrapper, name_rows

#: Bytes at the start of a file by which it is recognised, and lines by which its formats are.
SAMPLE_BYTES = 256 << 10
SAMPLE_LINES = 400
#: An inventory file is held in memory whole; a larger one is refused.
MAX_INVENTORY_BYTES = 2 << 30

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


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
    """The tables that are being written."""

    access_log: TableWriter
    rejects: TableWriter
    sources: TableWriter
    inventory: TableWriter
    outlier_events: TableWriter


@dataclass
class Facts:
    """What is known about a source while it is read; its row in `sources` in the end."""

    source: Source
    role: str = "unknown"
    compression: str = "none"
    bytes_read: int = 0
    entries_read: int = 0
    access_log_rows: int = 0
    rejected: int = 0
    others: Counter[str] = field(default_factory=Counter)
    formats: Counter[str] = field(default_factory=Counter)
    roles: Counter[str] = field(default_factory=Counter)
    proxies: Counter[str] = field(default_factory=Counter)
    first_time: datetime | None = None
    last_time: datetime | None = None
    truncated: bool = False
    error: str | None = None
    content_id: str | None = None
    is_inventory: bool = False

    def to_row(self) -> dict[str, object]:
        """Return the row of the `sources` table."""
        names = self.source.names
        if names.by_file_name and not self.access_log_rows:
            names = Names(cluster_id=names.cluster_id)
        if len(self.proxies) == 1 and names.proxy not in self.proxies:
            # The envelope of every line names the same pod.
            proxy = next(iter(self.proxies))
            gateway = names.gateway if names.labelled else workload_of_pod(proxy)
            names = replace(names, proxy=proxy, gateway=gateway, role=role_of_gateway(gateway))
        role = names.role
        if role == "unknown":
            known = [name for name, _ in self.roles.most_common() if name != "unknown"]
            role = known[0] if known else "unknown"
        return {
            "source": self.source.name,
            "cluster_id": names.cluster_id,
            "gateway": names.gateway,
            "proxy": names.proxy,
            "role": role,
            "formats": [name for name, _ in self.formats.most_common()],
            "compression": self.compression,
            "bytes_read": self.bytes_read,
            "content_id": self.content_id,
            "entries_read": self.entries_read,
            "access_log_rows": self.access_log_rows,
            "rejected": self.rejected,
            "others": sorted((reason, count) for reason, count in self.others.items() if count),
            "first_time": self.first_time,
            "last_time": self.last_time,
            "truncated": self.truncated,
            "error": self.error,
        }

    def see_rows(self, format_name: str, table: pa.Table) -> None:
        """Take in rows of one format: counts, roles, proxies, first and last time."""
        self.access_log_rows += table.num_rows
        self.formats[format_name] += table.num_rows
        self.roles.update(_count_values(table.column("role")))
        self.proxies.update(_count_values(table.column("proxy")))
        self._see_times(table)

    def _see_times(self, table: pa.Table) -> None:
        starts = table.column("start_time")
        first = pc.min(starts).as_py()
        if first is None:
            return
        micros = pc.cast(pc.cast(starts, pa.int64()), pa.int64())
        spans = pc.multiply(pc.fill_null(pc.min_element_wise(table.column("duration_ms"), 10**12), 0), 1000)
        last = pc.max(pc.add(micros, spans)).as_py()
        last_time = pa.scalar(last, schema.TIMESTAMP).as_py() if last is not None and last < 2**57 else first
        self.first_time = first if self.first_time is None else min(first, self.first_time)
        self.last_time = last_time if self.last_time is None else max(last_time, self.last_time)


def read_source(
    source: Source,
    formats: Sequence[LogFormat],
    output: Output,
    progress: Callable[[Progress], None] | None,
    place: tuple[int, int],
) -> Facts:
    """Read one source to its end into the tables, and return the facts that were written about it."""
    facts = Facts(source)
    digest = hashlib.sha256()
    try:
        total = source.path.stat().st_size
        with source.path.open("rb") as file:
            stream = ByteStream(file)
            facts.compression = stream.compression
            blocks = cut_blocks(_counted(stream.chunks(), facts, digest.update))
            for _ in _read_blocks(blocks, facts, formats, output):
                if progress is not None:
                    done = min(file.tell(), total)
                    progress(Progress(source.name, *place, done, total, facts.entries_read))
            facts.truncated = stream.truncated
            facts.error = stream.problem
    except InventoryError as error:
        facts.error = str(error).removeprefix(f"{source.name}: ")
    except OSError as error:
        facts.error = error.strerror or str(error)
    facts.content_id = digest.hexdigest()
    output.sources.add_rows([facts.to_row()])
    return facts


def _count_values(column: pa.ChunkedArray) -> dict[str, int]:
    counts = pc.value_counts(column.combine_chunks())
    return {entry["values"]: entry["counts"] for entry in counts.to_pylist() if entry["values"] is not None}


def _counted(chunks: Iterable[bytes], facts: Facts, digest: Callable[[bytes], None]) -> Iterator[bytes]:
    for chunk in chunks:
        facts.bytes_read += len(chunk)
        digest(chunk)
        yield chunk


def _read_blocks(blocks: Iterator[Block], facts: Facts, formats: Sequence[LogFormat], output: Output) -> Iterator[None]:
    """Read the blocks of one source; yields after each."""
    first = next(blocks, None)
    if first is None:
        return
    sample = first.data[:SAMPLE_BYTES]
    inventory = recognise(sample)
    if inventory is not None:
        yield from _read_inventory(first, blocks, facts, inventory, output)
        return
    reader = BlockReader.for_sample(sample, facts.source, formats)
    for block in _chain(first, blocks):
        reader.read(block, facts, output)
        yield
    reader.finish(facts, output)


def _chain(first: Block, others: Iterator[Block]) -> Iterator[Block]:
    yield first
    yield from others


def _read_inventory(
    first: Block, blocks: Iterator[Block], facts: Facts, known: InventoryFormat, output: Output
) -> Iterator[None]:
    facts.is_inventory = True
    facts.formats[known.name] += 1
    parts, size = [], 0
    for block in _chain(first, blocks):
        parts.append(block.data)
        size += len(block.data)
        facts.entries_read += block.lines
        facts.others[known.counted_as] += block.lines
        if size > MAX_INVENTORY_BYTES:
            raise InventoryError(f"{facts.source.name}: larger than {MAX_INVENTORY_BYTES >> 30} GiB")
        yield
    names = names_of_snapshot(facts.source.names)
    facts.source = replace(facts.source, names=names)
    context = Context(facts.source.name, names, facts.source.observed_at)
    snapshot = known.read(decode(b"\n".join(parts)), context)
    output.inventory.add_rows(snapshot.inventory)
    output.outlier_events.add_rows(snapshot.outlier_events)
    if snapshot.unread_lines:
        facts.others[known.counted_as] -= snapshot.unread_lines
        facts.others["not_access_log"] += snapshot.unread_lines


def decode(data: bytes) -> str:
    r"""Return bytes as text; bytes that are not UTF-8 appear as \xNN."""
    return data.decode("utf-8", "backslashreplace")


def looks_binary(data: bytes) -> bool:
    """Say whether bytes are those of a binary file: more than one in fifty is a control character."""
    return len(_CONTROL.findall(data)) > len(data) // 50


def split_lines(data: bytes) -> pl.Series:
    r"""Return the lines of a block as text, without carriage returns at their ends."""
    text = data if data.isascii() else decode(data).encode()
    offsets = pa.array([0, len(text)], pa.int64()).buffers()[1]
    whole = pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(text))
    lines = pl.Series("", pc.split_pattern(whole, "\n").flatten(), dtype=pl.String)
    return lines.str.strip_suffix("\r") if b"\r" in data else lines


@dataclass(frozen=True)
class BlockReader:
    """Reads blocks of one log: envelopes, and the formats in the order that its beginning suggests."""

    origin: Origin
    formats: tuple[LogFormat, ...]
    unwrapper: Unwrapper
    is_binary: bool

    @staticmethod
    def for_sample(sample: bytes, source: Source, formats: Sequence[LogFormat]) -> BlockReader:
        """Return the reader for a log that begins with `sample`."""
        lines = split_lines(sample).head(SAMPLE_LINES)
        chain = find_envelopes(lines)
        parsed = parse_lines(Unwrapper(chain).open(lines, 1).texts, formats)
        counts: Counter[str] = Counter()
        inbound = False
        for rows in parsed.rows:
            counts[rows.format] += len(rows)
            if "upstream_cluster" in rows.columns:
                inbound |= bool(rows.columns["upstream_cluster"].str.starts_with("inbound|").any())
        ordered = sorted(formats, key=lambda known: -counts[known.name])
        is_binary = not counts and looks_binary(sample)
        return BlockReader(
            Origin(source.name, source.names, inbound), tuple(ordered), Unwrapper(chain), is_binary
        )

    def read(self, block: Block, facts: Facts, output: Output) -> None:
        """Read one block into the tables; every line is accounted for in `facts`."""
        facts.entries_read += block.lines
        if self.is_binary:
            facts.others["binary"] += block.lines
        elif block.overlong:
            self._reject([(block.first_line, "the line is longer than 64 MiB", block.data)], facts, output)
        else:
            lines = split_lines(block.data)
            raw: list[bytes] = []
            rejects = []
            for line, reason in self._read_lines(lines, block.first_line, facts, output):
                raw = raw or block.data.split(b"\n")
                rejects.append((line, reason, raw[line - block.first_line].removesuffix(b"\r")))
            self._reject(rejects, facts, output)

    def finish(self, facts: Facts, output: Output) -> None:
        """Read what the last block left open: a line whose end never came."""
        for line, text in self.unwrapper.finish():
            facts.others["continued"] -= 1
            rejects = self._read_lines(pl.Series([text]), line, facts, output, wrapped=False)
            self._reject([(line, reason, text.encode()) for _, reason in rejects], facts, output)

    def _read_lines(
        self, lines: pl.Series, first_line: int, facts: Facts, output: Output, *, wrapped: bool = True
    ) -> list[tuple[int, str]]:
        """Read lines into the access log; return the number and the reason of each rejected line."""
        unwrapped = None
        if wrapped and self.unwrapper.chain:
            unwrapped = self.unwrapper.open(lines, first_line)
            facts.others["continued"] += unwrapped.continued
        parsed = parse_lines(lines if unwrapped is None else unwrapped.texts, self.formats)
        for found in parsed.rows:
            rows = found if unwrapped is None else name_rows(found, unwrapped, self.origin.names)
            table = to_table(rows, rows.positions.cast(pl.Int64) + first_line, self.origin)
            facts.see_rows(rows.format, table)
            output.access_log.add(table)
        facts.others += parsed.others
        places = ((place, reason) for place, reason in parsed.rejects)
        if unwrapped is not None:
            places = ((unwrapped.positions[place], reason) for place, reason in parsed.rejects)
        return [(first_line + place, reason) for place, reason in places]

    def _reject(self, rejects: Sequence[tuple[int, str, bytes]], facts: Facts, output: Output) -> None:
        facts.rejected += len(rejects)
        output.rejects.add_rows(
            [
                {"source": self.origin.source, "line": line, "reason": reason, "raw": raw}
                for line, reason, raw in rejects
            ]
        )
