"""One format, compiled once and applied to lines that are at hand: a value that does not change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from ingest import schema
from ingest.access_log import Origin
from ingest.formats import LogFormat, custom_format
from ingest.log_reader import split_lines, to_text
from ingest.names import Names
from ingest.parser import parse_lines
from ingest.rows import to_table
from ingest.tables import concat

_NO_FIT = "the format does not fit the line"


class FormatField(NamedTuple):
    """One value of a format: its operator or JSON key, the column it fills (None: it goes to `extra`), and its type."""

    key: str
    column: str | None
    type: pa.DataType


class ParsedLines(NamedTuple):
    """What became of lines: `rows` of the schema of `access_log`, `rejects` of the schema of `rejects`."""

    rows: pa.RecordBatch
    rejects: pa.RecordBatch


@dataclass(frozen=True)
class CompiledFormat:
    """Envoy's format string or JSON template, ready to parse lines; see `hopline.compile_format`."""

    text: str
    _known: LogFormat = field(repr=False, compare=False)

    @property
    def fields(self) -> tuple[FormatField, ...]:
        """The values of the format, in its order."""
        known = self._known
        if known.pattern is not None:
            return tuple(_field(each.key, each.column) for each in known.pattern.fields)
        inner = [(each.key, each.column) for pattern in known.composed.values() for each in pattern.fields]
        return tuple(_field(key, column) for key, column in (*known.keys.items(), *inner))

    def parse(self, lines: bytes | str | Iterable[bytes | str], *, source: str = "lines") -> ParsedLines:
        r"""Parse lines that this format has written.

        `lines` is a text or bytes with a newline between lines, or single lines; bytes that are not UTF-8 appear as
        `\xNN`. Returns record batches of the schemas of `access_log` and `rejects`, in the order of the lines, whose
        numbers (from 1) are in `line`, and `source` in `source`. Every line that is not blank is in one of the two.

        >>> import hopline
        >>> parsed = hopline.compile_format('%START_TIME% %RESPONSE_CODE% %DURATION%').parse(
        ...     ["2026-11-24T02:32:15.510Z 200 74", "a line of another program"]
        ... )
        >>> parsed.rows.select(["line", "response_code", "duration_ms"]).to_pylist()
        [{'line': 1, 'response_code': 200, 'duration_ms': 74}]
        >>> parsed.rejects.select(["line", "reason", "raw"]).to_pylist()
        [{'line': 2, 'reason': 'the format does not fit the line', 'raw': b'a line of another program'}]
        """
        data = _join(lines)
        raw = data.split(b"\n") if data else []
        texts = split_lines(to_text(data)) if data else pl.Series([], dtype=pl.String)
        parsed = parse_lines(texts, (self._known,))
        origin = Origin(source, Names())
        tables = [to_table(rows, rows.positions.cast(pl.Int64) + 1, origin) for rows in parsed.rows]
        table = concat(tables, schema.ACCESS_LOG)
        table = table.take(pc.sort_indices(table, [("line", "ascending")]))
        read = set(table.column("line").to_pylist())
        rejects = [
            {"source": source, "line": number, "reason": _NO_FIT, "raw": line.removesuffix(b"\r")}
            for number, line in enumerate(raw, start=1)
            if number not in read and line.strip()
        ]
        return ParsedLines(_as_batch(table), pa.RecordBatch.from_pylist(rejects, schema=schema.REJECTS))


def compile_format(text: str) -> CompiledFormat:
    """Compile Envoy's own format string, or a JSON template of one, to parse lines with.

    What no column of `access_log` stands for goes to `extra`, under the operator's own text or the JSON key. Raises
    FormatError for an operator that Envoy does not have, or text with none.

    >>> import hopline
    >>> known = hopline.compile_format('[%START_TIME%] %RESPONSE_CODE% %REQ(X-TEAM)%')
    >>> [(field.key, field.column) for field in known.fields]
    [('START_TIME', 'start_time'), ('RESPONSE_CODE', 'response_code'), ('REQ(X-TEAM)', None)]
    >>> hopline.compile_format("no operator in here")
    Traceback (most recent call last):
      ...
    ingest.errors.FormatError: format string: it holds no operator such as %START_TIME%
    """
    return CompiledFormat(text, custom_format(text))


def _field(key: str, column: str | None) -> FormatField:
    return FormatField(key, column, pa.string() if column is None else schema.ACCESS_LOG.field(column).type)


def _join(lines: bytes | str | Iterable[bytes | str]) -> bytes:
    if not isinstance(lines, bytes | str):
        return b"\n".join(_encode(line).removesuffix(b"\n") for line in lines)
    return _encode(lines).removesuffix(b"\n")


def _encode(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace")


def _as_batch(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], schema=table.schema)
