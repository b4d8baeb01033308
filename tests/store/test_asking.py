"""Asking a store: only what a window needs is read, nothing is written, simple questions build nothing."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

import hopline
from hopline import Options
from hopline.workspace import open_logs
from ingest.errors import QueryError, UsageError
from ingest.store import open_store
from tests.analysis.test_sandbox import FORBIDDEN
from tests.ingest.lines import istio_line
from tests.store.world import HOME, World, make_lines

MONTH = datetime(2026, 3, 1, tzinfo=UTC)


def test_an_hour_of_a_month_reads_only_its_share(world: World, tmp_path: Path) -> None:
    for day in range(30):
        lines = [
            istio_line(start_time=f"{MONTH + timedelta(days=day, minutes=n):%Y-%m-%dT%H:%M:%S.000Z}", path=f"/{n}")
            for n in range(0, 1440, 10)
        ]
        world.write(f"logs/ingress.log.{day}", "\n".join(lines) + "\n")
    world.ingest(world.folder / "logs")
    since = MONTH + timedelta(days=12, hours=7)
    hour = {"since": since, "until": since + timedelta(hours=1)}
    whole, part = (open_store(world.store, scratch=tmp_path, **window) for window in ({}, hour))  # type: ignore[arg-type]
    assert len(whole.access_log) == 30
    assert len(part.access_log) == 1
    share = sum(p.stat().st_size for p in part.access_log) / sum(p.stat().st_size for p in whole.access_log)
    assert share < 1 / 25
    with hopline.open(world.store, options=Options(**hour)) as session:
        assert session.sql("SELECT count(*) AS n, min(path) AS first FROM access_log").to_pylist() == [
            {"n": 6, "first": "/420"}
        ]
        assert len(session.sql("SELECT * FROM sources").to_pylist()) == 30, "what was ingested is told all the same"


@pytest.mark.parametrize("query", [text for text in FORBIDDEN if text.strip()])
def test_nothing_that_is_asked_changes_a_store(world: World, query: str) -> None:
    world.ingest(world.write("a.log", make_lines(0, 5)))
    before = world.content()
    (file,) = world.store.rglob("access_log.parquet")
    with hopline.open(world.store) as session:
        session.sql("SELECT count(*) FROM access_log")
        with pytest.raises(QueryError):
            session.sql(query.format(file=file, folder=world.store))
    assert world.content() == before


def test_simple_questions_build_nothing(world: World) -> None:
    world.ingest(world.write("a.log", make_lines(0, 5)))
    with open_logs(world.store) as session:
        base = set(session._built)
        session.sql("SELECT method, count(*) FROM access_log GROUP BY ALL")
        session.sql("SELECT * FROM access_log WHERE request_id = '00000003-53c1-4c0f-9a5e-4a9d0d3b7c11'")
        session.sql(
            "SELECT upstream_host, count(*) AS requests FROM access_log WHERE path <> $p GROUP BY ALL", {"p": "x"}
        )
        assert session._built - base == {"access_log"}, "a view, nothing else"
        session.sql("WITH hops AS (SELECT 1 AS x) SELECT * FROM hops JOIN routes ON true")
        assert "routes" in session._built
        session.sql("SELECT service, sum(requests) AS requests FROM traffic GROUP BY ALL")
        assert "traffic" in session._built


def test_a_lookup_skips_row_groups_by_their_bloom_filters(world: World) -> None:
    world.ingest(world.write("a.log", make_lines(0, 50)))
    (file,) = world.store.rglob("access_log.parquet")
    rows = duckdb.sql(f"SELECT bloom_filter_length FROM parquet_metadata('{file}') WHERE path_in_schema = 'request_id'")
    assert rows.fetchall()[0][0] > 0
    known, unknown = "00000003-53c1-4c0f-9a5e-4a9d0d3b7c11", "ffffffff-53c1-4c0f-9a5e-4a9d0d3b7c11"
    probe = f"SELECT row_group_id, bloom_filter_excludes FROM parquet_bloom_probe('{file}', 'request_id', '%s')"
    assert duckdb.sql(probe % known).fetchall() == [(0, False)]
    assert duckdb.sql(probe % unknown).fetchall() == [(0, True)]


def test_a_store_is_asked_alone(world: World) -> None:
    log = world.write("a.log", make_lines(0, 5))
    world.ingest(log)
    with pytest.raises(UsageError, match="is a store"), hopline.open([world.store, log]):
        pass
    with pytest.raises(UsageError, match="was parsed"), hopline.open(world.store, log_format="%PROTOCOL%"):
        pass


def test_inventory_can_be_given_for_one_question(world: World) -> None:
    logs = HOME / "sample_logs/crash"
    shutil.copytree(logs / "cluster1", world.folder / "logs/cluster1")
    world.ingest(world.folder / "logs")
    inventory = sorted((logs / "inventory/cluster1/ingress").iterdir())
    with hopline.open(world.store, inventory=inventory) as session:
        found = session.sql("SELECT count(*) AS n, count(DISTINCT source) AS files FROM inventory").to_pylist()[0]
        assert found["n"] > 0
        assert found["files"] == 6
        assert session.sql("SELECT count(*) AS n FROM sources WHERE access_log_rows = 0").to_pylist() == [{"n": 7}]
    assert world.ask("SELECT count(*) AS n FROM inventory") == [{"n": 0}]
