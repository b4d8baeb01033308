"""The hop join: who answered behind the east-west gateway, for many requests over many connections."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import pyarrow as pa

import analysis
from ingest import schema
from tests.analysis.simulate import write_files
from tests.bench.measurement import Measured, measure

#: Three ingress replicas; a connection lives for a minute, and twenty milliseconds later the next one begins.
_REPLICAS, _LIFE_MS, _APART_MS = 3, 60_000, 20
_PROXIES = {f"ingress-{n}": "cluster1/ingress" for n in range(_REPLICAS)} | {"eastwest-1": "cluster2/eastwest"}

_CONNECTIONS = f"""
CREATE TABLE connections AS
SELECT
    k, k % {_REPLICAS} AS replica, 32768 + ((k // {_REPLICAS}) * 7919) % 28232 AS port,
    TIMESTAMPTZ '2026-11-24 00:00:00Z' + to_milliseconds((k * {_APART_MS})::BIGINT) AS begun,
    '10.2.1.' || hash(k) % 30 || ':8080' AS pod
FROM range($connections) AS t (k)
"""
#: The truth stands where attribution does not look: the client names the pod as its user agent.
_REQUESTS = {
    "start_time": f"begun + to_milliseconds(({_LIFE_MS} * j / $each + 5)::BIGINT)",
    "method": "'GET'",
    "path": "'/products/' || (k * $each + j) % 5000",
    "protocol": "'HTTP/1.1'",
    "response_code": "200",
    "response_code_details": "'via_upstream'",
    "bytes_received": "0",
    "bytes_sent": "10855",
    "duration_ms": "15 + (k + j) % 40",
    "user_agent": "pod",
    "request_id": "uuid()",
    "authority": "'frontend.mycompany.mesh'",
    "upstream_host": "'10.2.0.10:15443'",
    "upstream_cluster": "'outbound|80||frontend.mycompany.mesh'",
    "upstream_local_address": "'10.1.0.1' || replica || ':' || port",
    "downstream_local_address": "'10.1.0.1' || replica || ':8080'",
    "downstream_remote_address": "'10.9.0.1:' || 40000 + (k + j) % 20000",
    "log_kind": "'http'",
    "source": "'cluster1/ingress/ingress-' || replica || '.log'",
    "line": "k * $each + j + 1",
    "cluster_id": "'cluster1'",
    "gateway": "'ingress'",
    "proxy": "'ingress-' || replica",
    "role": "'ingress'",
}
_LINES = {
    "start_time": "begun",
    "response_code": "0",
    "bytes_received": "40000",
    "bytes_sent": "1300000",
    "duration_ms": str(_LIFE_MS + 60),
    "upstream_host": "pod",
    "upstream_cluster": "'outbound_.80_._.frontend.mycompany.mesh'",
    "upstream_local_address": "'10.2.0.10:' || port",
    "downstream_local_address": "'10.2.0.10:15443'",
    "downstream_remote_address": "'10.1.0.1' || replica || ':' || port",
    "requested_server_name": "'outbound_.80_._.frontend.mycompany.mesh'",
    "log_kind": "'tcp'",
    "source": "'cluster2/eastwest/eastwest-1.log'",
    "line": "k + 1",
    "cluster_id": "'cluster2'",
    "gateway": "'eastwest'",
    "proxy": "'eastwest-1'",
    "role": "'east_west'",
}


def measure_hops(requests: int, connections: int, folder: Path) -> Measured:
    """Make the logs (as Parquet) in `folder`, and join them in a fresh process.

    The answer has `join_s` (wall seconds from the opened session until every request's connection is known, a pass over
    all requests included), `join_cpu_s` (the same in processor time), `hops_s` (who answered each of them, afterwards),
    `joined`, `requests`, `exact` and `wrong`.
    """
    _write_logs(requests, connections, folder)
    return measure("tests.bench.hop_join", [str(folder)])


def _write_logs(requests: int, connections: int, folder: Path) -> None:
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET preserve_insertion_order = false")
        con.execute("SET memory_limit = '2GB'")
        con.execute(_CONNECTIONS, {"connections": connections})
        each = requests // connections
        crossed = f"connections, range({each}) AS r (j)"
        for name, values, table in (("requests", _REQUESTS, crossed), ("lines", _LINES, "connections")):
            select = ", ".join(_column(field, values) for field in schema.ACCESS_LOG).replace("$each", str(each))
            con.execute(
                f"COPY (SELECT {select} FROM {table}) TO '{folder / name}.parquet' "
                "(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 250000)"
            )


def _column(field: pa.Field, values: dict[str, str]) -> str:
    types = {pa.string(): "VARCHAR", pa.int32(): "INTEGER", pa.int64(): "BIGINT", pa.bool_(): "BOOLEAN"}
    kind = types.get(field.type, "TIMESTAMPTZ" if pa.types.is_timestamp(field.type) else "VARCHAR[]")
    if pa.types.is_map(field.type):
        return f"MAP {{}}::MAP(VARCHAR, VARCHAR) AS {field.name}"
    value = {"response_flags": "[]", "ambiguous": "false"}.get(field.name, values.get(field.name, "NULL"))
    return f"({value})::{kind} AS {field.name}"


def _join(folder: Path) -> dict[str, float]:
    sources = [
        {"source": f"{path}/{proxy}.log", "formats": [], "compression": "none", "others": [], "truncated": False}
        for proxy, path in _PROXIES.items()
    ]
    files = replace(
        write_files(folder, sources=sources), access_log=(folder / "requests.parquet", folder / "lines.parquet")
    )
    with analysis.open_session(files) as session:
        # What every question needs, joined or not.
        session.sql("SELECT count(*) FROM endpoint_groups")
        begin, cpu = time.perf_counter(), time.process_time()
        joined = session.sql("SELECT count(*) AS n FROM hop_links WHERE basis = 'exact'").to_pylist()[0]["n"]
        join_s, join_cpu_s = time.perf_counter() - begin, time.process_time() - cpu
        begin = time.perf_counter()
        answer = session.sql("""
            SELECT
                count(*) AS requests,
                count(*) FILTER (final_endpoint_basis = 'exact') AS exact,
                count(*) FILTER (final_endpoint IS DISTINCT FROM user_agent) AS wrong
            FROM hops WHERE role = 'ingress'
        """).to_pylist()[0]
    return {
        "join_s": join_s,
        "join_cpu_s": join_cpu_s,
        "hops_s": time.perf_counter() - begin,
        "joined": joined,
        **answer,
    }


if __name__ == "__main__":
    print(json.dumps(_join(Path(sys.argv[1]))))
