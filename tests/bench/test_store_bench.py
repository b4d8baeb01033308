"""The bench of stores, small: the month that it makes is a whole store, of as many rows as it says."""

from __future__ import annotations

from pathlib import Path

import pytest

import hopline
from ingest.store import verify_store
from tests.bench.store import measure_store


@pytest.mark.soak
def test_a_small_month(tmp_path: Path) -> None:
    table = measure_store(1_000_000, 48_000, tmp_path, lambda _: None)
    for what in ("GB, 2 worker(s)", "group by status", "look-up by request id, zgrep on the text"):
        assert what in table
    assert not verify_store(tmp_path / "month")
    with hopline.open(tmp_path / "month") as session:
        (row,) = (
            session.sql(
                "SELECT count(*) AS n, count(DISTINCT request_id) AS ids, count(request_id) AS named, "
                "date_diff('day', min(start_time), max(start_time)) AS days FROM access_log"
            )
            .to_arrow()
            .to_pylist()
        )
    assert abs(row["n"] - 48_000) < 4_000
    assert row["ids"] == row["named"]
    assert row["days"] >= 14
