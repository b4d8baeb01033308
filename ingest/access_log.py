"""The table of entries: Arrow columns of one block, with what follows from them: kind, role, provenance."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from ingest import schema
from ingest.columns import repeat, zeros
from ingest.names import Names
from ingest.pieces import FALSE, FEW

_UNKNOWN = "unknown"
_EAST_WEST, _NO_CODE = pa.scalar("east_west"), pa.scalar(0, pa.int32())
_NAMES = ("cluster_id", "gateway", "proxy")
#: A column that holds one of these is that of a request.
_REQUEST_COLUMNS = ("method", "path", "protocol")
_WAYPOINT_CLUSTERS = pa.array(["connect_terminate", "connect_originate", "main_internal", "encap"])


@dataclass(frozen=True)
class Origin:
    """What all rows of a source share; `serves_inbound`: the proxy is a sidecar that takes requests in."""

    source: str
    names: Names
    serves_inbound: bool = False


def make_table(
    format_name: str,
    columns: Mapping[str, pa.Array],
    lines: pa.Array,
    origin: Origin,
    *,
    extra: pa.Array | None = None,
    ambiguous: pa.Array | None = None,
    names: Mapping[str, pa.Array] | None = None,
) -> pa.Table:
    """Return rows of one format as a table of the public schema, in which columns of texts may be dictionaries.

    `columns` are typed; `lines` (Int64) are line numbers; without `extra` there is nothing in it, without `ambiguous`
    no row is; `names` are columns that the envelope gave per entry.
    """
    count = len(lines)
    names = names or {}
    arrays = []
    for spec in schema.ACCESS_LOG:
        if spec.name in columns:
            array = columns[spec.name]
        elif spec.name == "extra":
            array = _no_extra(count) if extra is None else extra
        elif spec.name == "response_flags":
            array = pa.ListArray.from_arrays(zeros(count + 1), pa.array([], pa.string()))
        elif spec.name == "log_kind":
            array = _log_kind(format_name, columns, count)
        elif spec.name == "ambiguous":
            array = _all_false(count) if ambiguous is None else ambiguous
        elif spec.name == "source":
            array = repeat(origin.source, count)
        elif spec.name == "line":
            array = lines
        elif spec.name == "role":
            array = _roles(format_name, columns, origin, count, names.get("role"))
        elif spec.name in _NAMES:
            array = _name_column(names.get(spec.name), getattr(origin.names, spec.name), count)
        else:
            array = pa.nulls(count, spec.type)
        arrays.append(array)
    fields = [spec.with_type(array.type) for spec, array in zip(schema.ACCESS_LOG, arrays, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _name_column(given: pa.Array | None, shared: str | None, count: int) -> pa.Array:
    if given is None:
        return repeat(shared, count)
    return given if shared is None else pc.fill_null(given, shared)


def _no_extra(count: int) -> pa.Array:
    nothing = pa.array([], pa.string())
    return pa.MapArray.from_arrays(zeros(count + 1), nothing, nothing)


def _all_false(count: int) -> pa.Array:
    return pa.Array.from_buffers(pa.bool_(), count, [None, pa.py_buffer(bytes((count + 7) // 8))])


def _log_kind(format_name: str, columns: Mapping[str, pa.Array], count: int) -> pa.Array:
    """TCP entries hold neither method nor path nor protocol, and no response code but 0."""
    if format_name.startswith("ztunnel"):
        return repeat("tcp", count)
    tests = [columns[name] for name in _REQUEST_COLUMNS if name in columns]
    if any(not column.null_count for column in tests):
        return repeat("http", count)
    http = _all_false(count)
    for column in tests:
        http = pc.or_(http, pc.is_valid(column))
    code = columns.get("response_code")
    if code is not None:
        reached = pc.fill_null(pc.not_equal(code, _NO_CODE), FALSE) if tests else pc.is_valid(code)
        http = pc.or_(http, reached)
    return pa.DictionaryArray.from_arrays(pc.cast(pc.invert(http), pa.int32()), ["http", "tcp"])


def _roles(
    format_name: str, columns: Mapping[str, pa.Array], origin: Origin, count: int, named: pa.Array | None
) -> pa.Array:
    if named is None and origin.names.role != _UNKNOWN:
        return repeat(origin.names.role, count)
    if format_name.startswith("ztunnel"):
        by_content = repeat("ztunnel", count)
    else:
        by_content = _roles_by_content(columns, origin, count)
    if named is None:
        return by_content
    # Several proxies in one file, told apart by the envelope.
    named = pc.fill_null(named, origin.names.role)
    return pc.if_else(pc.equal(named, _UNKNOWN), by_content.cast(pa.string()), named)


def _roles_by_content(columns: Mapping[str, pa.Array], origin: Origin, count: int) -> pa.Array:
    cluster, local = columns.get("upstream_cluster"), columns.get("downstream_local_address")
    if cluster is None:
        role = repeat(_UNKNOWN, count)
    else:
        role = _each(cluster, lambda texts: _roles_of_clusters(texts, origin.serves_inbound))
    if local is not None:
        east_west = pc.fill_null(_each(local, lambda texts: pc.ends_with(texts, pattern=":15443")), FALSE)
        if east_west.true_count:
            return _set_few(role if role.type == FEW else role.dictionary_encode(), east_west, _EAST_WEST)
    return role if role.type == FEW else role.dictionary_encode()


def _set_few(column: pa.DictionaryArray, places: pa.Array, text: pa.Scalar) -> pa.Array:
    """Return the column with a text where `places` (Boolean) is true; each text is in its dictionary once."""
    texts = column.dictionary
    index = pc.index(texts, text).as_py()
    if index < 0:
        index, texts = len(texts), pa.concat_arrays([texts, pa.array([text])])
    return pa.DictionaryArray.from_arrays(pc.if_else(places, pa.scalar(index, pa.int32()), column.indices), texts)


def _each(texts: pa.Array, work: Callable[[pa.Array], pa.Array]) -> pa.Array:
    """Apply a function of texts to a column; to each text of a dictionary once, and to NULL."""
    if texts.type != FEW:
        return work(texts)
    different = pa.concat_arrays([texts.dictionary, pa.nulls(1, pa.string())])
    return work(different).take(pc.fill_null(texts.indices, pa.scalar(len(texts.dictionary), pa.int32())))


def _roles_of_clusters(cluster: pa.Array, serves_inbound: bool) -> pa.Array:
    def starts(*prefixes: str) -> pa.Array:
        found = [pc.starts_with(cluster, pattern=prefix) for prefix in prefixes]
        return found[0] if len(found) == 1 else pc.or_(*found)

    outbound = pc.or_(
        starts("outbound|"), pc.is_in(cluster, value_set=pa.array(["PassthroughCluster", "BlackHoleCluster"]))
    )
    cases = [
        ("east_west", starts("outbound_.")),
        ("waypoint", pc.or_(starts("inbound-vip|"), pc.is_in(cluster, value_set=_WAYPOINT_CLUSTERS))),
        ("sidecar_inbound", starts("inbound|", "InboundPassthroughCluster")),
        *([("sidecar_outbound", outbound)] if serves_inbound else []),
    ]
    conditions = pa.StructArray.from_arrays([found for _, found in cases], [role for role, _ in cases])
    return pc.case_when(conditions, *(role for role, _ in cases), _UNKNOWN).dictionary_encode()
