"""What a reader must find in a made-up log: counts, and checksums of every column and of whole rows.

A checksum is a sum over rows, so that neither order nor division into files or batches matters. That of a text
is the sum of the CRC-32 of its UTF-8 bytes; that of a row is over all of its columns and its line number, so that
a value on the wrong row is found as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

import polars as pl

#: The columns of Istio's default format, in its order.
COLUMNS = (
    "start_time",
    "method",
    "path",
    "protocol",
    "response_code",
    "response_flags",
    "response_code_details",
    "connection_termination_details",
    "upstream_transport_failure_reason",
    "bytes_received",
    "bytes_sent",
    "duration_ms",
    "upstream_service_time_ms",
    "x_forwarded_for",
    "user_agent",
    "request_id",
    "authority",
    "upstream_host",
    "upstream_cluster",
    "upstream_local_address",
    "downstream_local_address",
    "downstream_remote_address",
    "requested_server_name",
    "route_name",
)
_NULL = "\x00"
_DIVIDER = "\x1f"


@dataclass
class Truth:
    """Counts and checksums of one log; `columns` has [values that are not NULL, checksum] by name."""

    entries: int = 0
    rows: int = 0
    odd: int = 0
    ambiguous: int = 0
    rejected: int = 0
    others: Counter[str] = field(default_factory=Counter)
    response_codes: Counter[str] = field(default_factory=Counter)
    columns: dict[str, list[int]] = field(default_factory=dict)
    row_checksum: int = 0

    def see_rows(self, rows: pl.DataFrame) -> None:
        """Add rows: the 24 columns as hopline types them, `line` (Int64) and `ambiguous` (Boolean).

        On ambiguous rows the agent and what stands before it are not compared: nobody can know them.
        """
        known = pl.when(~pl.col("ambiguous"))
        rows = rows.with_columns(known.then("x_forwarded_for").alias("x_forwarded_for"))
        rows = rows.with_columns(known.then("user_agent").alias("user_agent"))
        texts = rows.select(*(_as_text(rows.schema[name], name) for name in COLUMNS), "line", "ambiguous")
        self.rows += len(rows)
        self.ambiguous += int(rows["ambiguous"].sum())
        self.response_codes.update({str(code): n for code, n in rows["response_code"].value_counts().iter_rows()})
        for name in COLUMNS:
            values = rows[name]
            total = int(values.sum() or 0) if values.dtype.is_integer() else _sum_of_texts(texts[name])
            entry = self.columns.setdefault(name, [0, 0])
            entry[0] += len(values) - values.null_count()
            entry[1] += total
        whole = texts.select(pl.concat_str(pl.all().cast(pl.String).fill_null(_NULL), separator=_DIVIDER))
        self.row_checksum += sum(map(crc32, whole.to_series().cast(pl.Binary).to_list()))

    def differences(self, other: Truth) -> list[str]:
        """Return one sentence for each thing that `other` says differently."""
        mine, theirs = flatten(vars(self)), flatten(vars(other))
        return [
            f"{key}: expected {mine.get(key)}, found {theirs.get(key)}"
            for key in sorted(mine.keys() | theirs.keys())
            if mine.get(key, 0) != theirs.get(key, 0)
        ]

    def write(self, path: Path, **more: Any) -> None:
        """Write the truth as JSON, `more` before it."""
        path.write_text(json.dumps({**more, **vars(self)}, indent=1) + "\n", encoding="utf-8")

    @staticmethod
    def read(path: Path) -> Truth:
        """Read what `write` wrote."""
        table = json.loads(path.read_text(encoding="utf-8"))
        truth = Truth(**{name: table[name] for name in Truth.__dataclass_fields__})
        truth.others, truth.response_codes = Counter(truth.others), Counter(truth.response_codes)
        return truth


def flatten(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a nested mapping as one with dotted keys."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def _as_text(type_: pl.DataType, name: str) -> pl.Expr:
    column = pl.col(name)
    if type_ == pl.List(pl.String):
        return column.list.join(",").alias(name)
    if isinstance(type_, pl.Datetime):
        return column.dt.epoch("us").cast(pl.String).alias(name)
    return column.cast(pl.String)


def _sum_of_texts(texts: pl.Series) -> int:
    return sum(n * crc32(text.encode()) for text, n in _counted(texts))


def _counted(texts: pl.Series) -> Iterable[tuple[str, int]]:
    kept = texts.drop_nulls()
    if kept.n_unique() * 2 > len(kept):
        return ((text, 1) for text in kept)
    return kept.value_counts().iter_rows()
