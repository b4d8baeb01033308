"""`python -m tests.bench.storing`: the steps that `python -m tests.bench store` measures, each in a fresh process.

ingest LOG STORE WORKERS       what `hopline ingest` does
ask STORE                      the questions below, as `hopline sql` asks them
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import hopline
from ingest.store import ingest_logs

#: Groupings over every row, one request by its id, and one hour of the month.
QUESTIONS = {
    "group by status": "SELECT response_code, count(*) AS n, avg(duration_ms) AS mean_ms FROM access_log GROUP BY ALL",
    "group by endpoint and status": "SELECT upstream_host, response_code, count(*) AS n, avg(duration_ms) AS mean_ms "
    "FROM access_log GROUP BY ALL ORDER BY n DESC LIMIT 10",
    "look-up by request id": "SELECT * FROM access_log WHERE request_id = $id",
    "one hour by status": "SELECT response_code, count(*) AS n FROM access_log "
    "WHERE start_time >= $since::TIMESTAMPTZ AND start_time < $since::TIMESTAMPTZ + INTERVAL 1 HOUR GROUP BY ALL",
}
#: Each question is asked so often; the fastest counts, and the first is told as well.
_TIMES = 3


def ingest(log: Path, store: Path, workers: int) -> dict[str, Any]:
    """Read a log into a store; returns seconds and rows."""
    begun = time.perf_counter()
    done = ingest_logs([str(log)], store=store, workers=workers)
    return {"seconds": time.perf_counter() - begun, "rows": sum(outcome.rows for outcome in done.outcomes)}


def ask(store: Path) -> dict[str, Any]:
    """Ask a store; returns its seconds to open, and for each question the first and the fastest seconds, and rows."""
    files = sorted((store / "segments").rglob("access_log*.parquet"))
    middle = pq.read_table(files[len(files) // 2], columns=["start_time", "request_id"]).drop_null().slice(1000, 1)
    known = {"id": middle["request_id"][0].as_py(), "since": middle["start_time"][0].as_py().isoformat()}
    begun = time.perf_counter()
    with hopline.open(store) as session:
        answers: dict[str, Any] = {"open": time.perf_counter() - begun}
        for name, query in QUESTIONS.items():
            given = {key: value for key, value in known.items() if f"${key}" in query}
            seconds = []
            for _ in range(_TIMES):
                begun = time.perf_counter()
                rows = session.sql(query, given).num_rows
                seconds.append(time.perf_counter() - begun)
            answers[name] = {"first": seconds[0], "fastest": min(seconds), "rows": rows}
    return answers


if __name__ == "__main__":
    if sys.argv[1] == "ingest":
        print(json.dumps(ingest(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))))
    else:
        print(json.dumps(ask(Path(sys.argv[2]))))
