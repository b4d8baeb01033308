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

import hopline
from ingest.store import ingest_logs

#: A grouping over every row, and look-ups by an id in the middle of the store.
QUESTIONS = {
    "group": "SELECT upstream_host, response_code, count(*) AS requests, avg(duration_ms) AS mean_ms "
    "FROM access_log GROUP BY ALL ORDER BY requests DESC LIMIT 10",
    "group_by_label": "SELECT gateway, response_code, count(*) AS requests FROM access_log GROUP BY ALL",
    "look_up": "SELECT * FROM access_log WHERE request_id = $id",
    "hour": "SELECT response_code, count(*) AS requests FROM access_log "
    "WHERE start_time >= $since AND start_time < $since + INTERVAL 1 HOUR GROUP BY ALL",
}
#: Each question is asked so often; the fastest counts, and the first is told as well.
_TIMES = 3


def ingest(log: Path, store: Path, workers: int) -> dict[str, Any]:
    """Read a log into a store; returns seconds and rows."""
    begun = time.perf_counter()
    done = ingest_logs([str(log)], store=store, workers=workers)
    return {"seconds": time.perf_counter() - begun, "rows": sum(outcome.rows for outcome in done.outcomes)}


def ask(store: Path) -> dict[str, Any]:
    """Ask a store; returns seconds until it was open, and for each question the first and the fastest seconds."""
    begun = time.perf_counter()
    with hopline.open(store) as session:
        answers: dict[str, Any] = {"open": time.perf_counter() - begun}
        (middle,) = session.sql(
            "SELECT request_id AS id, start_time AS since FROM access_log WHERE request_id IS NOT NULL "
            "AND source = (SELECT source FROM source_files ORDER BY first_time LIMIT 1 OFFSET "
            "(SELECT count(*) // 2 FROM source_files)) LIMIT 1"
        ).to_pylist()
        for name, query in QUESTIONS.items():
            given = {key: value for key, value in middle.items() if f"${key}" in query}
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
