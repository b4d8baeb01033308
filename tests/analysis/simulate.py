"""A small deterministic simulator of one ingress in front of two clusters, for tests of the analysis."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest import schema

START = datetime(2026, 11, 23, 20, 54, 0, tzinfo=UTC)
CLUSTER = "outbound|80||frontend.mycompany.mesh"
PODS = ("127.1.1.1:8080", "127.1.1.2:8080", "127.1.1.3:8080")
#: What an inventory is, by the ending of its name.
_FORMATS = {".yaml": "kubernetes-objects", ".table": "istioctl-endpoints"}
GATEWAY = "127.2.0.10:15443"


@dataclass
class NoEvidence:
    """Raw lines are not kept."""

    def read_lines(self, wanted: Iterable[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
        return dict.fromkeys(wanted, b"")


@dataclass
class Files:
    """What ingest.parse returns, made by hand."""

    access_log: tuple[Path, ...]
    rejects: tuple[Path, ...]
    sources: tuple[Path, ...]
    inventory: tuple[Path, ...]
    outlier_events: tuple[Path, ...]
    mesh_config: tuple[Path, ...]
    endpoint_counters: tuple[Path, ...]
    warnings: tuple[str, ...] = ()
    evidence: NoEvidence = field(default_factory=NoEvidence)


def entry(at: float, **values: Any) -> dict[str, Any]:
    """Return one access-log row that began `at` seconds after START; anything not given is an ordinary success."""
    base: dict[str, Any] = {name: None for name, _, _ in schema.ACCESS_LOG_COLUMNS}
    base |= {
        "start_time": START + timedelta(milliseconds=int(at * 1000)),
        "method": "GET",
        "path": "/",
        "protocol": "HTTP/1.1",
        "response_code": 200,
        "response_flags": [],
        "response_code_details": "via_upstream",
        "bytes_received": 0,
        "bytes_sent": 100,
        "duration_ms": 5,
        "authority": "frontend.mycompany.mesh",
        "upstream_host": PODS[0],
        "upstream_cluster": CLUSTER,
        "extra": [],
        "log_kind": "http",
        "ambiguous": False,
        "source": "cluster1/ingress/ingress-1.log",
        "cluster_id": "cluster1",
        "gateway": "ingress",
        "proxy": "ingress-1",
        "role": "ingress",
    }
    return base | values


def failed(host: str | None = PODS[0], **values: Any) -> dict[str, Any]:
    """Return the fields of a request that found its pods refusing connections."""
    return {
        "response_code": 503,
        "response_flags": ["UF", "URX"],
        "response_code_details": "upstream_reset_before_response_started{connection_failure}",
        "upstream_host": host,
        **values,
    }


def unhealthy(**values: Any) -> dict[str, Any]:
    """Return the fields of a request for which no endpoint was healthy."""
    return {
        "response_code": 503,
        "response_flags": ["UH"],
        "response_code_details": "no_healthy_upstream",
        "upstream_host": None,
        **values,
    }


def remote(**values: Any) -> dict[str, Any]:
    """Return the fields of a request that the east-west gateway of cluster2 answered."""
    return {"upstream_host": GATEWAY, "duration_ms": 15, **values}


def write(folder: Path, rows: list[dict[str, Any]], **tables: list[dict[str, Any]]) -> Files:
    """Write rows (in the order of their end, lines numbered per source) as the files of one parse."""
    folder.mkdir(parents=True, exist_ok=True)
    ordered = sorted(rows, key=lambda r: (r["source"], r["start_time"] + timedelta(milliseconds=r["duration_ms"] or 0)))
    lines: dict[str, int] = {}
    for row in ordered:
        lines[row["source"]] = lines.get(row["source"], 0) + 1
        row["line"] = row["line"] or lines[row["source"]]
    sources = [
        {
            "source": name,
            "formats": ["istio_text"],
            "compression": "none",
            "entries_read": count,
            "access_log_rows": count,
            "rejected": 0,
            "others": [],
            "truncated": False,
        }
        for name, count in sorted(lines.items())
    ]
    sources += [
        {
            "source": name,
            "formats": [_FORMATS.get(Path(name).suffix, "envoy-clusters-text")],
            "compression": "none",
            "entries_read": 0,
            "access_log_rows": 0,
            "rejected": 0,
            "others": [],
            "truncated": False,
        }
        for name in sorted({row["source"] for row in tables.get("inventory", []) if row.get("source")} - set(lines))
    ]
    return write_files(folder, **{**tables, "access_log": ordered, "sources": sources})


#: The tables of a parse, by their names in Files.
_SCHEMAS = {
    "access_log": schema.ACCESS_LOG,
    "rejects": schema.REJECTS,
    "sources": schema.SOURCES,
    "inventory": schema.INVENTORY,
    "outlier_events": schema.OUTLIER_EVENTS,
    "mesh_config": schema.MESH_CONFIG,
    "endpoint_counters": schema.ENDPOINT_COUNTERS,
}


def write_files(folder: Path, **tables: Sequence[dict[str, Any]]) -> Files:
    """Write tables, those not given empty, as the files of one parse."""
    assert tables.keys() <= _SCHEMAS.keys()
    paths = {name: folder / f"{name}.parquet" for name in _SCHEMAS}
    for name, kind in _SCHEMAS.items():
        pq.write_table(pa.Table.from_pylist(list(tables.get(name, [])), schema=kind), paths[name])
    return Files(**{name: (path,) for name, path in paths.items()})


def traffic(
    rate: float,
    until: float,
    behave: Callable[[float, random.Random], dict[str, Any]],
    *,
    seed: int = 1,
    **values: Any,
) -> list[dict[str, Any]]:
    """Return `rate` requests a second for `until` seconds; `behave(t, random)` gives the fields at time t."""
    chance = random.Random(seed)
    count = int(rate * until)
    return [entry(t, **{**behave(t, chance), **values}) for t in (i / rate + 0.0007 for i in range(count))]


def healthy(t: float, chance: random.Random) -> dict[str, Any]:
    """Answer from a pod of cluster1."""
    return {"upstream_host": chance.choice(PODS), "duration_ms": chance.randint(3, 9)}
