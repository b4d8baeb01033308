"""Blocks of one log to rows, rejects and counts, in whatever envelopes and formats its lines are."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ingest.blocks import Block
from ingest.containers import split_entry
from ingest.entries import ENTRIES
from ingest.envelopes import SHIPPER, Envelope, find_envelopes
from ingest.facts import Facts
from ingest.formats import LogFormat
from ingest.names import Names
from ingest.parser import parse_lines
from ingest.rows import Origin, to_table
from ingest.tables import TableWriter
from ingest.unwrapping import Unwrapper, name_rows

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


def split_lines(data: bytes) -> pl.Series:
    r"""Return the lines of a block as text, without carriage returns at their ends."""
    text = data if data.isascii() else decode(data).encode()
    offsets = pa.array([0, len(text)], pa.int64()).buffers()[1]
    whole = pa.LargeStringArray.from_buffers(1, offsets, pa.py_buffer(text))
    lines = pl.Series("", pc.split_pattern(whole, "\n").flatten(), dtype=pl.String)
    return lines.str.strip_suffix("\r") if b"\r" in data else lines


def chain_of(lines: pl.Series, outer: tuple[Envelope, ...] = ()) -> tuple[Envelope, ...]:
    """Return the envelopes around the lines of a sample, `outer` first."""
    chain = (*outer, *find_envelopes(Unwrapper(outer).open(lines, 1).texts))
    # The first access-log entry of a store's answer may come late.
    return (*chain, SHIPPER) if outer and SHIPPER not in chain else chain


@dataclass(frozen=True)
class BlockReader:
    """Reads blocks of one log: envelopes, and the formats in the order that its beginning suggests."""

    origin: Origin
    formats: tuple[LogFormat, ...]
    unwrapper: Unwrapper
    is_binary: bool

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
        lines = split_lines(sample).head(SAMPLE_LINES)
        chain = chain_of(lines, outer)
        parsed = parse_lines(Unwrapper(chain).open(lines, 1).texts, formats)
        counts: Counter[str] = Counter()
        inbound = False
        for rows in parsed.rows:
            counts[rows.format] += len(rows)
            if "upstream_cluster" in rows.columns:
                inbound |= bool(rows.columns["upstream_cluster"].str.starts_with("inbound|").any())
        ordered = sorted(formats, key=lambda known: -counts[known.name])
        is_binary = not counts and not outer and looks_binary(sample)
        return BlockReader(Origin(source, names, inbound), tuple(ordered), Unwrapper(chain), is_binary)

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
            lines = split_lines(block.data)
            raw: list[bytes] = []
            rejects = []
            for line, reason in self._read_lines(lines, block.first_line, facts, tables):
                raw = raw or block.data.split(b"\n")
                rejects.append((line, reason, self._raw_of(raw[line - block.first_line].removesuffix(b"\r"))))
            self.unwrapper.remember(block)
            self._reject(rejects, facts, tables)

    def finish(self, facts: Facts, tables: LogTables) -> None:
        """Read what the last block left open: a line whose end never came."""
        for line, text, raw in self.unwrapper.finish():
            facts.others["continued"] -= 1
            rejects = self._read_lines(pl.Series([text]), line, facts, tables, wrapped=False)
            self._reject([(line, reason, self._raw_of(raw)) for _, reason in rejects], facts, tables)

    def _read_lines(
        self, lines: pl.Series, first_line: int, facts: Facts, tables: LogTables, *, wrapped: bool = True
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
            tables.access_log.add(table)
        facts.others += parsed.others
        places = ((place, reason) for place, reason in parsed.rejects)
        if unwrapped is not None:
            places = ((unwrapped.positions[place], reason) for place, reason in parsed.rejects)
        return [(first_line + place, reason) for place, reason in places]

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
