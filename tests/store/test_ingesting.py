"""The store: a source is a content, wholly there or not there, whatever it is called and however it is packed."""

from __future__ import annotations

import bz2
import gzip
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import hopline
from ingest import reading
from tests.store.world import HOME, World, expect, make_lines


def test_a_store_answers_as_its_logs_do(world: World) -> None:
    logs = HOME / "sample_logs" / "crash"
    world.ingest(logs)
    with hopline.open(world.store) as stored, hopline.open(logs) as direct:
        for view in (
            "access_log",
            "rejects",
            "sources",
            "inventory",
            "outlier_events",
            "mesh_config",
            "requests",
            "failovers",
            "failover_events",
        ):
            query = f"SELECT * FROM {view} ORDER BY ALL"
            assert stored.sql(query).to_pylist() == direct.sql(query).to_pylist(), view
        lines = [(row["source"], row["line"]) for row in direct.sql("SELECT * FROM failover_events").to_pylist()]
        assert stored.evidence.read_lines(lines) == direct.evidence.read_lines(lines) != {}


def test_ingesting_twice_changes_nothing(world: World) -> None:
    log = world.write("a.log", make_lines(0, 50) + "no access line\n")
    assert world.statuses(log) == ["added"]
    before = world.content()
    assert world.statuses(log) == ["unchanged"]
    assert world.content() == before


@pytest.mark.parametrize("unended", [False, True])
def test_of_a_log_that_grew_only_new_lines_are_read(world: World, unended: bool) -> None:
    text = make_lines(0, 60)
    cut = len(make_lines(0, 40)) + (100 if unended else 0)
    log = world.write("a.log", text[:cut])
    world.ingest(log)
    first = {name: data for name, data in world.content().items() if name.endswith("access_log.parquet")}
    assert len(world.paths()) + len(world.ask("SELECT * FROM rejects")) == 40 + unended
    world.write("a.log", text[cut:], mode="ab")
    (grown,) = world.ingest(log).outcomes
    assert (grown.status, grown.entries, grown.rows) == ("grown", 20, 20)
    assert world.paths() == expect(range(60))
    assert first.items() <= world.content().items(), "what was written stays as it is"
    direct = world.ask("SELECT * FROM access_log ORDER BY line", log)
    assert world.ask("SELECT * FROM access_log ORDER BY line") == direct
    assert world.ask("SELECT * FROM sources") == world.ask("SELECT * FROM sources", log)


def test_a_log_in_parts_that_grew_is_read_anew_where_a_part_was_open(world: World) -> None:
    line = make_lines(0, 1).rstrip("\n")
    head, tail = line[:80], line[80:]
    log = world.write("a.log", f"2026-03-01T10:00:00.1Z stdout F {line}\n2026-03-01T10:00:00.2Z stdout P {head}\n")
    world.ingest(log)
    world.write("a.log", f"2026-03-01T10:00:00.3Z stdout F {tail}\n", mode="ab")
    assert world.statuses(log) == ["grown"]
    for table in ("access_log", "rejects", "sources"):
        query = f"SELECT * FROM {table} ORDER BY ALL"
        assert world.ask(query) == world.ask(query, log)


def test_rotated_renamed_and_recompressed_copies_are_the_same_source(world: World) -> None:
    text = make_lines(0, 30)
    log = world.write("logs/ingress.log", text)
    world.ingest(log)
    log.rename(world.folder / "logs/ingress.log.1")
    world.write("logs/ingress.log.1", make_lines(30, 5), mode="ab")
    world.write("logs/ingress.log", make_lines(100, 10))
    assert world.statuses(world.folder / "logs") == ["added", "grown"]
    assert world.paths() == expect(range(35), range(100, 110))
    names = [Path(row["source"]).name for row in world.ask("SELECT source FROM sources ORDER BY 1")]
    assert names == ["ingress.log", "ingress.log.1"]
    whole = (text + make_lines(30, 5)).encode()
    copies = [world.write("copies/x.gz", gzip.compress(whole)), world.write("copies/y.log", bz2.compress(whole))]
    assert world.statuses(*copies) == ["unchanged", "unchanged"]
    assert world.paths() == expect(range(35), range(100, 110))
    before = world.content()
    assert world.statuses(*copies) == ["unchanged", "unchanged"]
    assert world.content() == before


def test_an_older_copy_adds_nothing(world: World) -> None:
    log = world.write("a.log", make_lines(0, 30))
    shutil.copy(log, world.folder / "backup.log")
    world.ingest(log)
    world.write("a.log", make_lines(30, 5), mode="ab")
    world.ingest(log)
    assert world.statuses(world.folder / "backup.log") == ["unchanged"]
    assert world.paths() == expect(range(35))


def test_a_rotated_log_that_is_never_seen_again_keeps_a_name_of_its_own(world: World) -> None:
    log = world.write("a.log", make_lines(0, 10))
    world.ingest(log)
    world.write("a.log", make_lines(50, 10))
    assert world.statuses(log) == ["added"]
    names = sorted(row["source"] for row in world.ask("SELECT source FROM sources"))
    assert names[0] == str(log)
    assert names[1].startswith(f"{log}@")
    assert world.paths() == expect(range(10), range(50, 60))


def test_the_short_beginning_of_a_line_grows_into_it(world: World) -> None:
    text = make_lines(0, 3)
    log = world.write("a.log", text[:20])
    world.ingest(log)
    assert world.ask("SELECT entries_read FROM sources") == [{"entries_read": 1}]
    world.write("a.log", text[20:], mode="ab")
    assert world.statuses(log) == ["grown"]
    assert world.paths() == expect(range(3))
    assert world.ask("SELECT entries_read, access_log_rows FROM sources") == [{"entries_read": 3, "access_log_rows": 3}]


def test_labels_are_joined_when_rows_are_read(world: World) -> None:
    log = world.write("a.log", make_lines(0, 10))
    world.ingest(log)
    before = {name: data for name, data in world.content().items() if name.endswith(".parquet")}
    assert world.statuses(f"west/east-west={log}") == ["relabelled"]
    asked = "SELECT DISTINCT cluster_id, gateway, proxy, role FROM access_log"
    assert world.ask(asked) == [{"cluster_id": "west", "gateway": "east-west", "proxy": "a", "role": "east_west"}]
    assert {name: data for name, data in world.content().items() if name.endswith(".parquet")} == before
    assert world.statuses(log) == ["unchanged"], "a label holds until another is given"
    assert world.ask("SELECT cluster_id, role FROM sources") == [{"cluster_id": "west", "role": "east_west"}]


def test_other_formats_read_a_source_anew(world: World) -> None:
    log = world.write("a.log", "2026-03-01T10:00:00.000Z|/odd|200\n" * 5)
    world.ingest(log)
    assert world.paths() == []
    assert world.statuses(log, log_format="%START_TIME%|%REQ(:PATH)%|%RESPONSE_CODE%\n") == ["read_again"]
    assert world.paths() == ["/odd"] * 5
    assert world.ask("SELECT entries_read, access_log_rows FROM sources") == [{"entries_read": 5, "access_log_rows": 5}]


def test_two_snapshots_of_the_same_state_are_two_observations(world: World) -> None:
    file = next((HOME / "sample_logs/crash/inventory").rglob("*during-eastwest-1-clusters.txt"))
    world.ingest(inventory=[f"{file}@2026-11-24T02:00:00Z"])
    again = world.ingest(inventory=[f"{file}@2026-11-24T03:00:00Z", f"{file}@2026-11-24T02:00:00Z"])
    assert [outcome.status for outcome in again.outcomes] == ["added"]
    assert len(world.ask("SELECT DISTINCT observed_at FROM inventory")) == 2


@pytest.mark.parametrize("packed", [False, True])
def test_any_executor_parses_a_large_log(world: World, packed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WORTH_BYTES", 1)
    monkeypatch.setattr(reading, "JOB_BYTES", 1 << 16)
    monkeypatch.setattr(reading, "BLOCK_BYTES", 1 << 14)
    text = make_lines(0, 2000).encode()
    log = world.write("a.log", gzip.compress(text) if packed else text)
    with ThreadPoolExecutor(2) as executor:
        world.ingest(log, executor=executor, workers=2)
        assert executor.submit(int, 1).result() == 1, "it is the caller's to shut down"
    assert world.paths() == expect(range(2000))
    with hopline.open(world.store) as stored, hopline.open(log) as direct:
        wanted = [(str(log), line) for line in (1, 999, 2000)]
        assert stored.evidence.read_lines(wanted) == direct.evidence.read_lines(wanted)
        assert len(stored.evidence.read_lines(wanted)) == 3


@pytest.mark.parametrize("keep_raw", [False, True])
def test_evidence_when_the_log_is_gone(world: World, keep_raw: bool) -> None:
    log = world.write("a.log", make_lines(0, 20))
    world.ingest(log, keep_raw=keep_raw)
    os.utime(log, (0, 0))
    with hopline.open(world.store) as session:
        assert session.evidence.read_lines([(str(log), 3)]) == {(str(log), 3): make_lines(2, 1).strip().encode()}
    world.write("a.log", make_lines(500, 20))
    with hopline.open(world.store) as session:
        found = session.evidence.read_lines([(str(log), 3)])
        report = hopline.build_report(session)
    assert found == ({(str(log), 3): make_lines(2, 1).strip().encode()} if keep_raw else {})
    assert bool(report.warnings) is not keep_raw


def test_a_log_that_moved_still_gives_evidence_when_it_was_seen_there(world: World) -> None:
    log = world.write("a.log", make_lines(0, 20))
    world.ingest(log)
    moved = world.write("old/a.log.gz", gzip.compress(log.read_bytes()))
    log.unlink()
    world.ingest(moved)
    with hopline.open(world.store) as session:
        (source,) = (row["source"] for row in session.sql("SELECT source FROM sources").to_pylist())
        assert session.evidence.read_lines([(source, 20)]) == {(source, 20): make_lines(19, 1).strip().encode()}
