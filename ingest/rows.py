"""Rows on their way to Arrow: typed columns of the entries of one block that one format could read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl
import pyarrow as pa

from ingest import schema
from ingest.names import Names
from ingest.operators import load_operators
from ingest.pattern import Field, Pattern
from ingest.values import FLAGS, convert

_COLUMN_TYPES = {entry.column: entry.type for entry in load_operators()[::-1] if entry.column}
#: In JSON and pairs a duration may carry a unit.
_LOOSE_TYPES = {**_COLUMN_TYPES, "duration_ms": "milliseconds", "upstream_service_time_ms": "milliseconds"}
_ROLE_UNKNOWN = "unknown"


@dataclass(frozen=True)
class Rows:
    """Entries of one block read by one format.

    `positions` (UInt32) are their places in the block; `columns` are typed; `extra` is texts by key (NULL =
    no such key on this row); `ambiguous` is Boolean; `names` holds columns that the envelope gave per entry.
    """

    format: str
    positions: pl.Series
    columns: Mapping[str, pl.Series]
    extra: Mapping[str, pl.Series]
    ambiguous: pl.Series
    names: Mapping[str, pl.Series] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.positions)


def rows_of_texts(
    name: str, pattern: Pattern, positions: pl.Series, texts: Mapping[int, pl.Series], ambiguous: pl.Series
) -> tuple[Rows, pl.Series]:
    """Return the rows of lines cut by a text format, and for each row whether every value was a good one."""
    columns: dict[str, pl.Series] = {}
    extra: dict[str, pl.Series] = {}
    good: pl.Series | None = None
    for index, spec in enumerate(pattern.fields):
        values, fine = convert(texts[index], spec.type, strftime=_strftime(spec))
        if spec.column is None:
            extra[spec.key] = values
        else:
            columns[spec.column] = values
        if not fine.all():
            good = fine if good is None else good & fine
    if good is None:
        good = pl.repeat(True, len(positions), dtype=pl.Boolean, eager=True)
    return Rows(name, positions, columns, extra, ambiguous), good


def rows_of_entries(
    name: str,
    positions: Sequence[int],
    columns: Mapping[str, pl.Series],
    extra: Mapping[str, pl.Series],
    strftime: str | None = None,
) -> Rows:
    """Return the rows of JSON objects or pairs; a value that is none of its type is NULL."""
    return Rows(
        name,
        pl.Series(positions, dtype=pl.UInt32),
        {column: _convert_loosely(column, values, strftime) for column, values in columns.items()},
        {key: convert(_as_text(values), "string")[0] for key, values in extra.items()},
        pl.repeat(False, len(positions), dtype=pl.Boolean, eager=True),
    )


def _convert_loosely(column: str, values: pl.Series, strftime: str | None) -> pl.Series:
    type_ = _LOOSE_TYPES.get(column, "string")
    if values.dtype == pl.Int64 and type_ in ("int64", "milliseconds"):
        return values
    return convert(_as_text(values), type_, strftime=strftime if column == "start_time" else None)[0]


def _as_text(values: pl.Series) -> pl.Series:
    return values if values.dtype == pl.String else values.cast(pl.String)


def _strftime(spec: Field) -> str | None:
    return spec.argument if spec.type == "timestamp" else None


def filter_rows(rows: Rows, keep: pl.Series) -> Rows:
    """Return the rows where `keep` (Boolean) is true."""
    return Rows(
        rows.format,
        rows.positions.filter(keep),
        {name: values.filter(keep) for name, values in rows.columns.items()},
        {name: values.filter(keep) for name, values in rows.extra.items()},
        rows.ambiguous.filter(keep),
        {name: values.filter(keep) for name, values in rows.names.items()},
    )


@dataclass(frozen=True)
class Origin:
    """What all rows of a source share; `serves_inbound`: the proxy is a sidecar that takes requests in."""

    source: str
    names: Names
    serves_inbound: bool = False


def to_table(rows: Rows, lines: pl.Series, origin: Origin) -> pa.Table:
    """Return rows as an Arrow table of the public schema; `lines` (Int64) are their line numbers."""
    count = len(rows)
    arrays = []
    for spec in schema.ACCESS_LOG:
        if spec.name in rows.columns:
            arrays.append(_to_arrow(rows.columns[spec.name], spec.type))
        elif spec.name in _BUILDERS:
            arrays.append(_BUILDERS[spec.name](rows, lines, origin))
        elif spec.name in _NAME_COLUMNS:
            arrays.append(_name_array(rows, spec, getattr(origin.names, spec.name)))
        else:
            arrays.append(pa.nulls(count, spec.type))
    return pa.Table.from_arrays(arrays, schema=schema.ACCESS_LOG)


_NAME_COLUMNS = ("cluster_id", "gateway", "proxy")

_BUILDERS: dict[str, Callable[[Rows, pl.Series, Origin], pa.Array]] = {
    "extra": lambda rows, lines, origin: _extra_array(rows.extra, len(rows)),
    "response_flags": lambda rows, lines, origin: _to_arrow(
        pl.repeat([], len(rows), dtype=FLAGS, eager=True), schema.ACCESS_LOG.field("response_flags").type
    ),
    "log_kind": lambda rows, lines, origin: _to_arrow(_log_kind(rows), pa.string()),
    "ambiguous": lambda rows, lines, origin: _to_arrow(rows.ambiguous, pa.bool_()),
    "source": lambda rows, lines, origin: pa.repeat(pa.scalar(origin.source, pa.string()), len(rows)),
    "line": lambda rows, lines, origin: _to_arrow(lines, pa.int64()),
    "role": lambda rows, lines, origin: _to_arrow(_roles(rows, origin), pa.string()),
}


def _name_array(rows: Rows, spec: pa.Field, shared: str | None) -> pa.Array:
    given = rows.names.get(spec.name)
    if given is None:
        return pa.repeat(pa.scalar(shared, spec.type), len(rows))
    return _to_arrow(given.fill_null(shared) if shared is not None else given, spec.type)


def _to_arrow(values: pl.Series, type_: pa.DataType) -> pa.Array:
    array = values.to_arrow(compat_level=pl.CompatLevel.oldest())
    return array if array.type == type_ else array.cast(type_)


def _extra_array(extra: Mapping[str, pl.Series], count: int) -> pa.Array:
    type_ = schema.ACCESS_LOG.field("extra").type
    used = {key: texts for key, texts in extra.items() if texts.null_count() < count}
    if not used:
        return pa.array([[]] * count, type_) if count else pa.array([], type_)
    frame = pl.DataFrame([texts.alias(f"k{i}") for i, texts in enumerate(used.values())])
    lengths = frame.select(pl.sum_horizontal(pl.all().is_not_null().cast(pl.Int32))).to_series()
    offsets = pl.concat([pl.Series([0], dtype=pl.Int32), lengths.cum_sum().cast(pl.Int32)])
    names = pl.DataFrame({"variable": [f"k{i}" for i in range(len(used))], "key": list(used)})
    long = (
        frame.with_row_index("@")
        .unpivot(index="@", variable_name="variable", value_name="value")
        .drop_nulls("value")
        .join(names, on="variable", how="left", maintain_order="left")
        .sort("@", maintain_order=True)
    )
    return pa.MapArray.from_arrays(
        _to_arrow(offsets, pa.int32()),
        _to_arrow(long["key"], pa.string()),
        _to_arrow(long["value"], pa.string()),
    )


def _log_kind(rows: Rows) -> pl.Series:
    """TCP entries hold neither method nor path nor protocol, and no response code but 0."""
    count = len(rows)
    http = pl.repeat(False, count, dtype=pl.Boolean, eager=True)
    if rows.format.startswith("ztunnel"):
        return pl.repeat("tcp", count, dtype=pl.String, eager=True)
    has_request_columns = False
    for name in ("method", "path", "protocol"):
        if name in rows.columns:
            has_request_columns = True
            http |= rows.columns[name].is_not_null()
    if "response_code" in rows.columns:
        code = rows.columns["response_code"]
        http |= (code != 0).fill_null(value=False)
        if not has_request_columns:
            http |= code.is_not_null()
    return pl.select(pl.when(http).then(pl.lit("http")).otherwise(pl.lit("tcp"))).to_series()


def _roles(rows: Rows, origin: Origin) -> pl.Series:
    count = len(rows)
    if "role" in rows.names:
        # Several proxies in one file, told apart by the envelope.
        named = rows.names["role"].fill_null(origin.names.role)
    elif origin.names.role != _ROLE_UNKNOWN:
        return pl.repeat(origin.names.role, count, dtype=pl.String, eager=True)
    else:
        named = None
    frame = pl.DataFrame(
        {
            "cluster": _texts(rows, "upstream_cluster"),
            "local": _texts(rows, "downstream_local_address"),
            "named": pl.repeat(None, count, dtype=pl.String, eager=True) if named is None else named,
        }
    )
    cluster, local = pl.col("cluster"), pl.col("local")
    outbound = (
        cluster.str.starts_with("outbound|") | (cluster == "PassthroughCluster") | (cluster == "BlackHoleCluster")
    )
    if rows.format.startswith("ztunnel"):
        by_content = pl.lit("ztunnel")
    else:
        by_content = (
            pl.when(cluster.str.starts_with("outbound_.") | local.str.ends_with(":15443"))
            .then(pl.lit("east_west"))
            .when(cluster.str.starts_with("inbound-vip|") | cluster.is_in(_WAYPOINT_CLUSTERS))
            .then(pl.lit("waypoint"))
            .when(cluster.str.starts_with("inbound|") | cluster.str.starts_with("InboundPassthroughCluster"))
            .then(pl.lit("sidecar_inbound"))
            .when(outbound if origin.serves_inbound else pl.lit(value=False))
            .then(pl.lit("sidecar_outbound"))
            .otherwise(pl.lit(_ROLE_UNKNOWN))
        )
    by_name = pl.when(pl.col("named") != _ROLE_UNKNOWN).then(pl.col("named"))
    return frame.select(pl.coalesce(by_name, by_content)).to_series()


_WAYPOINT_CLUSTERS = ["connect_terminate", "connect_originate", "main_internal", "encap"]


def _texts(rows: Rows, name: str) -> pl.Series:
    if name in rows.columns:
        return rows.columns[name]
    return pl.repeat(None, len(rows), dtype=pl.String, eager=True)
