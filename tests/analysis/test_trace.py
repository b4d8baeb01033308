"""Traces of real requests, held against what the clients of the lab recorded."""

from __future__ import annotations

import csv
import gzip
from itertools import islice
from pathlib import Path

import pytest

import hopline

SAMPLES = Path(__file__).resolve().parents[2] / "sample_logs"


@pytest.mark.parametrize("incident", ["crash", "brownout"])
def test_a_trace_ends_at_the_pod_that_answered(incident: str) -> None:
    with gzip.open(SAMPLES / incident / "truth.csv.gz", "rt", newline="") as file:
        answered = [row for row in csv.DictReader(file) if row["cluster"] == "cluster2"]
    wanted = list(islice(answered, 0, None, max(1, len(answered) // 12)))
    assert len(wanted) >= 12
    with hopline.open(SAMPLES / incident) as session:
        for row in wanted:
            rows = session.sql("SELECT * FROM trace_of($id) ORDER BY trace, seq", {"id": row["request_id"]}).to_pylist()
            assert [entry["trace"] for entry in rows] == [1] * len(rows), "each id was used once"
            assert rows[0]["proxy"] == row["proxy"]
            assert rows[-1]["proxy"] == row["pod"]
            assert rows[1]["proxy"] == "eastwest-1" or rows[1]["missing"] == "pending"
