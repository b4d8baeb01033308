"""Blocks of one log to rows, rejects and counts, in whatever envelopes and formats its lines are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ingest.access_log import Origin, make_table
from ingest.blocks import Block, lines_at
from ingest.containers import split_entry
from ingest.entries import ENTRIES
from ingest.envelopes import SHIPPER, Envelope, find_envelopes
from ingest.facts import Facts
from ingest.formats import LogFormat
from ingest.json_blocks import JsonBlockReader
from ingest.names import Names
from ingest.parser import parse_lines
from ingest.rows import to_table
from ingest.tables import TableWriter
from ingest.unwrapping import Unwrapper, name_rows
from ingest.whole_blocks import WholeReader

#: Lines that a block leaves over wait for those of other blocks: reading a few costs as much as reading many.
_REST_LINES = 2000
_REST_BYTES = 4 << 20
#: Lines by which the formats and envelopes of a log are found out.
SAMPLE_LINES = 400

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@dataclass(frozen=True)
class LogTables:
    """The tables that a log is written into."""

    access_log: TableWriter
    rejects: TableWriter


def decode(data: bytes) -> str:
    r"""Return bytes as text; bytes that are not UTF-8 appear as \xNN."""
    return data.decode("utf-8", "backslashreplace")


def looks_binary(data: bytes) -> bool:
    """Say whether bytes are those of a binary file: more than one in fifty is a control character."""
    return len(_CONTROL.findall(data)) > len(data) // 50


def to_text(data: bytes) -> bytes:
    r"""Return the lines of a block as UTF-8, without carriage returns at their ends; other bytes appear as \xNN."""
    text = data if data.isascii() or _is_utf8(data) else decode(data).encode()
    return text.replace(b"\r\n", b"\n").removesuffix(b"\r") if b"\r" in text else text


def _is_utf8(data: bytes) -> bool:
    try:
        _as_string(data).validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _as_string(text: bytes) -> pa.Array:
    offsets = pa.array([0, len(text)], pa.int64()).buffers()[1]
    return pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(text))


def split_lines(text: bytes) -> pl.Series:
    """Return the lines of a text of `to_text`."""
    return pl.Series("", pc.split_pattern(_as_string(text), "\n").flatten(), dtype=pl.String)


def _numbers(first: int, count: int) -> pl.Series:
    return pl.int_range(first, first + count, dtype=pl.Int64, eager=True)


def seen_chain(
    lines: pl.Series, formats: Sequence[LogFormat], outer: tuple[Envelope, ...] = ()
) -> tuple[Envelope, ...]:
    """Return the envelopes that can be seen around the lines of a sample, `outer` first."""
    texts = Unwrapper(outer).open(lines, 1).texts
    return (*outer, *find_envelopes(texts, lambda inner: parse_lines(inner, formats).row_count))


def chain_of(lines: pl.Series, formats: Sequence[LogFormat], outer: tuple[Envelope, ...] = ()) -> tuple[Envelope, ...]:
    """Return the envelopes to take off the lines of a log that begins with a sample, `outer` first."""
    chain = seen_chain(lines, formats, outer)
    # The first access-log entry of a store's answer may come late.
    return (*chain, SHIPPER) if outer and SHIPPER not in chain else chain


@dataclass(frozen=True)
class BlockReader:
    """Reads blocks of one log: envelopes, and the formats in the order that its beginning suggests."""

    origin: Origin
    formats: tuple[LogFormat, ...]
    unwrapper: Unwrapper
    is_binary: bool
    #: Reads blocks as a whole, where there is nothing around their lines.
    whole: WholeReader | JsonBlockReader | None = None
    #: Numbers and bytes of lines that could not be read that way.
    _rest: list[tuple[int, bytes]] = field(default_factory=list)

    @staticmethod
    def for_formats(
        origin: Origin, formats: Sequence[LogFormat], unwrapper: Unwrapper, *, is_binary: bool = False
    ) -> BlockReader:
        """Return the reader for a log of which all is known."""
        whole: WholeReader | JsonBlockReader | None = None
        if formats and not unwrapper.chain and not is_binary:
            is_json = formats[0].encoding == "json"
            whole = JsonBlockReader(tuple(formats)) if is_json else WholeReader.of(formats[0])
        return BlockReader(origin, tuple(formats), unwrapper, is_binary, whole)

    @property
    def manner(self) -> str:
        """Say in one word how lines are read: envelopes, formats in their order, and what else the sample decides."""
        envelopes = "+".join(envelope.name for envelope in self.unwrapper.chain)
        formats = ",".join(known.name for known in self.formats)
        return f"{envelopes}:{formats}:{self.origin.serves_inbound}:{self.is_binary}"

    @staticmethod
    def for_sample(
        sample: bytes, source: str, names: Names, formats: Sequence[LogFormat], outer: tuple[Envelope, ...] = ()
    ) -> BlockReader:
        """Return the reader for a log that begins with `sample`; its lines are in the envelopes `outer` at least."""
        lines = split_lines(to_text(sample)).head(SAMPLE_LINES)
        chain = chain_of(lines, formats, outer)
        parsed = parse_lines(Unwrapper(chain).open(lines, 1).texts, formats)
        counts: Counter[str] = Counter()
        inbound = False
        for rows in parsed.rows:
            counts[rows.format] += len(rows)
            if "upstream_cluster" in rows.columns:
                inbound |= bool(rows.columns["upstream_cluster"].str.starts_with("inbound|").any())
        ordered = sorted(formats, key=lambda known: -counts[known.name])
        is_binary = not counts and not outer and looks_binary(sample)
        origin = Origin(source, names, inbound)
        return BlockReader.for_formats(origin, ordered, Unwrapper(chain), is_binary=is_binary)

    def read(self, block: Block, facts: Facts, tables: LogTables) -> None:
        """Read one block into the tables; every line is accounted for in `facts`."""
        facts.entries_read += block.lines
        if self.is_binary:
            facts.others["binary"] += block.lines
        elif block.overlong:
            self._reject(
                [(block.first_line, "the line is longer than 64 MiB", self._raw_of(block.data))], facts, tables
            )
        else:
            self._read_block(block, facts, tables)
            self.unwrapper.remember(block)

    def finish(self, facts: Facts, tables: LogTables) -> None:
        """Read what the blocks left over, and a line whose end never came."""
        self._read_rest(facts, tables)
        for line, text, raw in self.unwrapper.finish():
            facts.others["continued"] -= 1
            rejects = self._read_lines(pl.Series([text]), _numbers(line, 1), facts, tables, wrapped=False)
            self._reject([(line, reason, self._raw_of(raw)) for _, reason in rejects], facts, tables)

    def _read_block(self, block: Block, facts: Facts, tables: LogTables) -> None:
        numbers, text = _numbers(block.first_line, block.lines), to_text(block.data)
        rows = None if self.whole is None else self.whole.read(text, block.lines)
        if rows is None:
            raw: list[bytes] = []
            rejects = []
            for line, reason in self._read_lines(split_lines(text), numbers, facts, tables):
                raw = raw or block.data.split(b"\n")
                rejects.append((line, reason, self._raw_of(raw[line - block.first_line].removesuffix(b"\r"))))
            self._reject(rejects, facts, tables)
            return
        lines = numbers.gather(rows.positions).to_arrow()
        if len(lines):
            table = make_table(rows.format, rows.columns, lines, self.origin, extra=rows.extra)
            self._add(rows.format, table, facts, tables)
        if len(lines) < block.lines:
            left = rows.left(block.lines)
            raw = lines_at(block.data, left)
            self._rest.extend((block.first_line + place, line) for place, line in zip(left, raw, strict=True))
            if len(self._rest) >= _REST_LINES or sum(len(line) for _, line in self._rest) >= _REST_BYTES:
                self._read_rest(facts, tables)

    def _read_rest(self, facts: Facts, tables: LogTables) -> None:
        if not self._rest:
            return
        raw = {number: line.removesuffix(b"\r") for number, line in self._rest}
        self._rest.clear()
        lines = pl.Series([to_text(line).decode() for line in raw.values()], dtype=pl.String)
        rejects = self._read_lines(lines, pl.Series(list(raw), dtype=pl.Int64), facts, tables)
        self._reject([(number, reason, raw[number]) for number, reason in rejects], facts, tables)

    def _read_lines(
        self, lines: pl.Series, numbers: pl.Series, facts: Facts, tables: LogTables, *, wrapped: bool = True
    ) -> list[tuple[int, str]]:
        """Read lines into the access log, `numbers` (Int64) being theirs; return those of rejects, with reasons."""
        unwrapped = None
        if wrapped and self.unwrapper.chain:
            unwrapped = self.unwrapper.open(lines, numbers[0])
            facts.others["continued"] += unwrapped.continued
            numbers = numbers.gather(unwrapped.positions)
        parsed = parse_lines(lines if unwrapped is None else unwrapped.texts, self.formats)
        for found in parsed.rows:
            rows = found if unwrapped is None else name_rows(found, unwrapped, self.origin.names)
            self._add(rows.format, to_table(rows, numbers.gather(found.positions), self.origin), facts, tables)
        facts.others += parsed.others
        return [(numbers[place], reason) for place, reason in parsed.rejects]

    @staticmethod
    def _add(format_name: str, table: pa.Table, facts: Facts, tables: LogTables) -> None:
        facts.see_rows(format_name, table)
        tables.access_log.add(table)

    def _raw_of(self, line: bytes) -> bytes:
        return split_entry(line) if ENTRIES in self.unwrapper.chain else line

    def _reject(self, rejects: Sequence[tuple[int, str, bytes]], facts: Facts, tables: LogTables) -> None:
        facts.rejected += len(rejects)
        tables.rejects.add_rows(
            [
                {"source": self.origin.source, "line": line, "reason": reason, "raw": raw}
                for line, reason, raw in rejects
            ]
        )
