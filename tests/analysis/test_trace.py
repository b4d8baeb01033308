"""Traces of real requests, held against what the clients of the lab recorded."""

from __future__ import annotations

import csv
import gzip
import re
import shutil
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import hopline
from hopline.console import PAPER
from hopline.waterfall import draw_trace

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


def put_clocks_ahead(folder: Path, ahead: timedelta) -> None:
    """Let every log in `folder` tell times that are so much later."""
    for log in folder.rglob("*.log"):
        lines = log.read_text().splitlines(keepends=True)
        times = [datetime.fromisoformat(line[1:24]) + ahead for line in lines]
        pairs = zip(times, lines, strict=True)
        log.write_text("".join(f"[{time.isoformat(timespec='milliseconds')}{line[24:]}" for time, line in pairs))


def test_a_clock_that_is_wrong_is_said_and_allowed_for(tmp_path: Path) -> None:
    for cluster in ("cluster1", "cluster2"):
        shutil.copytree(SAMPLES / "crash" / cluster, tmp_path / cluster)
    put_clocks_ahead(tmp_path / "cluster2", timedelta(seconds=2))
    with hopline.open(tmp_path) as session:
        rows = session.sql("SELECT * FROM trace_of('a09faf25-9c89-4044-8813-117b3f8cdba5') ORDER BY seq").to_pylist()
    assert [row["proxy"] for row in rows] == ["ingress-1", "eastwest-1", "frontend-c2-2"]
    # At least so much: a connection says less than a request does.
    ahead = [row["clock_ahead_ms"] for row in rows]
    assert ahead[0] == 0
    assert 1700 <= ahead[1] <= 2000
    assert 1990 <= ahead[2] <= 2000
    lines = draw_trace(rows, PAPER, ZoneInfo("UTC"))
    assert re.search(r"its clock is \d+ ms ahead", "\n".join(lines))
    # The request itself is 74 ms long; bars two seconds apart would leave it a cell or two.
    assert lines[2].count("█") > 15
