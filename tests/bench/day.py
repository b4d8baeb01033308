"""A day of a mesh as Parquet, written straight by DuckDB: 24 hours, 50 services, 20 ingress replicas, three incidents.

What happens is known from how it is made: service-7 crashes everywhere at 10:00 and is back at 10:06, service-12 loses
its endpoints from 14:00 to 14:30, and one of three pods of service-30 is out from 18:00 to 18:20. One failover of each
service per replica must be found, and nothing else. Around these times the requests of the three services are those of
the model that is held against the lab (tests/analysis/mesh_model.py), each replica with its own dice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from ingest import schema
from tests.analysis import simulate
from tests.analysis.mesh_model import Fault, Settings
from tests.analysis.mesh_model import simulate as run_model
from tests.analysis.simulate import Files

START = datetime(2026, 11, 23, tzinfo=UTC)
DAY_S, SERVICES, PROXIES, PODS = 86_400, 50, 20, 3
GATEWAY = "10.2.0.10:15443"
#: Service -> kind of its failover.
EXPECTED = {"service-7": "complete", "service-12": "complete", "service-30": "partial"}
_HOUR = 3600


@dataclass(frozen=True)
class Incident:
    """What is done to some endpoints of a service, in seconds of the day."""

    service: int
    since: int
    until: int
    endpoints: tuple[str, ...]
    fate: str


INCIDENTS = (
    Incident(7, 10 * _HOUR, 10 * _HOUR + 360, simulate.PODS, "refuses"),
    Incident(12, 14 * _HOUR, 14 * _HOUR + 1800, simulate.PODS, "removed"),
    Incident(30, 18 * _HOUR, 18 * _HOUR + 1200, simulate.PODS[:1], "refuses"),
)
#: So long before and after each the requests are the model's: ejections last for minutes when the cause is gone.
_BEFORE_S, _AFTER_S = 300, 900
#: Lines of the model have numbers of their own.
_MODEL_LINES = 10**9
_NOT_THE_MODELS = " AND ".join(
    f"NOT (service = {one.service} AND t >= {one.since - _BEFORE_S} AND t < {one.until + _AFTER_S})"
    for one in INCIDENTS
)
#: As Envoy logs a connection that was refused.
_LOST_REASON = "'delayed_connect_error:_Connection_refused'"
_LOST_DETAILS = f"'upstream_reset_before_response_started{{remote_connection_failure|' || {_LOST_REASON} || '}}'"
#: `h` is a hash of the number of the request: its digits are dice.
_REQUESTS = f"""
WITH dealt AS (
    SELECT i, hash(i) AS h, i * {DAY_S} / $count AS t, hash(i) % {SERVICES} AS service
    FROM range($proxy, $count, {PROXIES}) AS numbers (i)
), fated AS (
    SELECT
        *,
        -- The usual noise.
        CASE WHEN h // 10000 % 5000 = 0 THEN 'lost' ELSE 'well' END AS fate
    FROM dealt
    WHERE {_NOT_THE_MODELS}
)
SELECT
    TIMESTAMPTZ '{START.isoformat()}' + to_milliseconds((t * 1000)::BIGINT) AS start_time,
    'GET' AS method,
    '/items/' || (h // 1000 % 500) AS path,
    'HTTP/1.1' AS protocol,
    CASE fate WHEN 'lost' THEN 503 ELSE 200 END AS response_code,
    CASE fate WHEN 'lost' THEN ['URX', 'UF'] ELSE []::VARCHAR[] END AS response_flags,
    CASE fate WHEN 'lost' THEN {_LOST_DETAILS} ELSE 'via_upstream' END
        AS response_code_details,
    CASE fate WHEN 'lost' THEN {_LOST_REASON} END AS upstream_transport_failure_reason,
    0 AS bytes_received,
    h // 1000 % 20000 AS bytes_sent,
    5 + h // 10 % 20 AS duration_ms,
    'Mozilla/5.0' AS user_agent,
    uuid()::VARCHAR AS request_id,
    'service-' || service AS authority,
    format('10.1.{{}}.{{}}:8080', service, 1 + h // 7 % {PODS}) AS upstream_host,
    format('outbound|80||service-{{}}', service) AS upstream_cluster,
    'http' AS log_kind,
    false AS ambiguous,
    format('cluster1/ingress/ingress-{{}}.log', $proxy + 1) AS source,
    row_number() OVER () AS line,
    'cluster1' AS cluster_id,
    'ingress' AS gateway,
    format('ingress-{{}}', $proxy + 1) AS proxy,
    'ingress' AS role
FROM fated
"""


def write_day(folder: Path, requests: int) -> int:
    """Write the access logs of a day as one Parquet file per replica; about 30 bytes per request.

    Returns how many requests there are: `requests`, but for the rounding in the model's windows.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        connection.register("nothing", schema.ACCESS_LOG.empty_table())
        columns = connection.sql("DESCRIBE nothing").fetchall()
        # A hash is an unsigned number, and makes others of a kind that no log is parsed to.
        typed = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind, *_ in columns)
        for proxy in range(PROXIES):
            path = folder / f"access_log-{proxy:02}.parquet"
            rate = requests / (SERVICES * PROXIES * DAY_S)
            connection.register("modelled", pa.Table.from_pylist(list(_model(proxy, rate)), schema=schema.ACCESS_LOG))
            rows = _REQUESTS.replace("$count", str(requests)).replace("$proxy", str(proxy))
            whole = f"SELECT {typed} FROM (FROM nothing UNION ALL BY NAME ({rows}) UNION ALL BY NAME FROM modelled)"
            copied = connection.execute(f"COPY ({whole}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)").fetchone()
            written += copied[0] if copied else 0
            connection.unregister("modelled")
    return written


def _model(proxy: int, rate: float) -> Iterator[dict[str, Any]]:
    """Yield what a replica logs around the incidents, at so many requests to a service in a second."""
    for one in INCIDENTS:
        begin = one.since - _BEFORE_S
        fault = Fault(one.endpoints, one.fate, _BEFORE_S, one.until - begin)
        lasts = one.until + _AFTER_S - begin
        shift = START + timedelta(seconds=begin) - simulate.START
        addresses = {pod: f"10.1.{one.service}.{n}:8080" for n, pod in enumerate(simulate.PODS, 1)}
        rows = run_model(Settings(rate=rate, lasts=lasts, seed=1000 * one.service + proxy), [fault])
        for number, row in enumerate(rows):
            yield row | {
                "start_time": row["start_time"] + shift,
                "authority": f"service-{one.service}",
                "upstream_cluster": f"outbound|80||service-{one.service}",
                "upstream_host": addresses.get(row["upstream_host"], row["upstream_host"] and GATEWAY),
                "source": f"cluster1/ingress/ingress-{proxy + 1}.log",
                "line": _MODEL_LINES * one.service + number,
                "proxy": f"ingress-{proxy + 1}",
            }


def files_of(folder: Path) -> Files:
    """Return the day in `folder` as what ingest.parse returns; it knows its sources, and nothing beside the logs."""

    def write(name: str, kind: pa.Schema, rows: list[dict[str, Any]] | None = None) -> tuple[Path, ...]:
        path = folder / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(rows or [], schema=kind), path)
        return (path,)

    sources = [{"source": f"cluster1/ingress/ingress-{n + 1}.log", "formats": ["istio_text"]} for n in range(PROXIES)]

    return Files(
        access_log=tuple(sorted(folder.glob("access_log-*.parquet"))),
        rejects=write("rejects", schema.REJECTS),
        sources=write("sources", schema.SOURCES, sources),
        inventory=write("inventory", schema.INVENTORY),
        outlier_events=write("outlier_events", schema.OUTLIER_EVENTS),
        mesh_config=write("mesh_config", schema.MESH_CONFIG),
        endpoint_counters=write("endpoint_counters", schema.ENDPOINT_COUNTERS),
    )


def count_requests(folder: Path) -> dict[str, int]:
    """Return how many requests of each service were written."""
    with duckdb.connect() as connection:
        found = connection.sql(
            f"SELECT authority, count(*) FROM '{folder}/access_log-*.parquet' GROUP BY ALL"
        ).fetchall()
    return dict(found)
