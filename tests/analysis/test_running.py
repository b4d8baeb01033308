"""Queries that are stopped leave a session that goes on; streams are bounded, and do not hold the session up."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from analysis import Options, Session, open_session
from analysis.session import _JUDGES
from ingest.errors import QueryError
from tests.analysis.simulate import entry, write

#: Would take hours.
ENDLESS = "SELECT count(*) FROM range(9000000) AS a, range(9000000) AS b WHERE a.range % 7 = b.range % 5"


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with open_session(write(tmp_path, [entry(i / 10) for i in range(30)])) as opened:
        yield opened


def test_a_query_is_stopped_when_its_time_is_up(session: Session) -> None:
    started = time.monotonic()
    with pytest.raises(QueryError, match=r"^the query was stopped after 0\.2 s$"):
        session.sql(ENDLESS, timeout_s=0.2)
    assert time.monotonic() - started < 10
    assert session.sql("SELECT count(*) AS n FROM requests", timeout_s=60).to_pylist() == [{"n": 30}]


def test_a_stream_is_stopped_when_its_time_is_up(session: Session) -> None:
    with pytest.raises(QueryError, match=r"stopped after 0\.3 s"):
        for _ in session.stream("SELECT a.range FROM range(9000000) AS a, range(9000000) AS b", timeout_s=0.3):
            pass


def test_held_rows_are_there_as_long_as_they_are_held(session: Session) -> None:
    query = "SELECT start_time, endpoint FROM requests WHERE start_time >= $since"
    since = session.sql("SELECT quantile_disc(start_time, 0.5) AS half FROM requests").to_pylist()[0]["half"]
    with session.holding("held", query, {"since": since}):
        held = session.sql("FROM held ORDER BY start_time")
    assert held.equals(session.sql(f"{query} ORDER BY start_time", {"since": since}))
    assert held.num_rows == 16
    with pytest.raises(QueryError, match="held"):
        session.sql("FROM held")
    with pytest.raises(QueryError, match="SELECT"), session.holding("held", "DROP VIEW requests"):
        pass


@pytest.mark.parametrize("name", ["failovers", "Requests", 'x" AS SELECT 1; --', "", "2x"])
def test_held_rows_take_no_name_that_is_taken_or_none(session: Session, name: str) -> None:
    with pytest.raises(QueryError, match="cannot be a name"), session.holding(name, "FROM access_log"):
        pass
    assert session.sql("FROM failovers").num_rows == 0


def test_comments_that_were_stopped_are_written_again(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = "SELECT count(comment) AS n FROM duckdb_columns() WHERE table_name = 'requests'"
    with monkeypatch.context() as patch:
        patch.setattr("analysis.session.write_literal", lambda _: "''; SELECT error('stopped')")
        with pytest.raises(QueryError):
            session.sql(asked)
    assert session.sql("SELECT count(*) AS n FROM failovers").to_pylist() == [{"n": 0}]
    (row,) = session.sql(asked).to_pylist()
    assert row["n"] > 40


def test_sessions_in_several_threads_do_not_disturb_each_other(tmp_path: Path) -> None:
    files = write(tmp_path, [entry(i / 10) for i in range(30)])

    def ask(_: int) -> int:
        with open_session(files) as own:
            return own.sql("SELECT (SELECT count(*) FROM requests) + (SELECT count(*) FROM failovers) AS n")["n"][
                0
            ].as_py()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(ask, range(8))) == [30] * 8


def test_an_interrupt_stops_the_query_at_once(session: Session) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    started = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            session.sql(ENDLESS)
    finally:
        signal.signal(signal.SIGINT, before)
    assert time.monotonic() - started < 10
    assert session.sql("SELECT 1 AS one").to_pylist() == [{"one": 1}]


def test_a_relation_whose_building_was_stopped_is_built_again(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setitem(_JUDGES, "judged_failovers", stop)
        with pytest.raises(KeyboardInterrupt):
            session.sql("SELECT * FROM failovers")
    assert session.sql("SELECT * FROM failovers").num_rows == 0


def test_a_stream_gives_what_a_table_gives(session: Session) -> None:
    query = "SELECT service, sum(bytes_sent) AS bytes, max(start_time) AS last FROM requests GROUP BY ALL"
    assert session.stream(query).read_all() == session.sql(query)
    filtered = "SELECT count(*) AS n FROM requests WHERE start_time >= $since AND service = $service"
    params = {"since": "2026-11-23T20:54:01Z", "service": "frontend.mycompany.mesh"}
    assert session.stream(filtered, params).read_all().to_pylist() == [{"n": 20}]


def test_a_session_can_be_asked_while_a_stream_is_open(session: Session) -> None:
    reader = session.stream("SELECT range FROM range(1000000)")
    first = reader.read_next_batch()
    assert 0 < first.num_rows < 1_000_000
    assert session.sql("SELECT count(*) AS n FROM failovers").to_pylist() == [{"n": 0}]
    assert first.num_rows + sum(batch.num_rows for batch in reader) == 1_000_000


def test_a_stream_obeys_the_options_of_its_session(tmp_path: Path) -> None:
    files = write(tmp_path, [entry(i, upstream_cluster=f"outbound|80||{name}.example") for i, name in enumerate("ab")])
    with open_session(files, Options(service="a.example")) as session:
        assert session.stream("SELECT service FROM requests").read_all().to_pylist() == [{"service": "a.example"}]


def test_a_stream_refuses_integers_beyond_64_bits(session: Session) -> None:
    with pytest.raises(QueryError, match="does not fit 64 bits"):
        session.stream("SELECT 1e30::HUGEINT AS n").read_all()
    assert pa.types.is_decimal(session.sql("SELECT 1e30::HUGEINT AS n").schema.field("n").type)


@pytest.mark.parametrize("query", ["COPY (SELECT 1) TO 'x'", "SELECT 1; SELECT 2", "PRAGMA database_list"])
def test_a_stream_goes_through_the_same_gate(query: str, session: Session) -> None:
    with pytest.raises(QueryError, match=r"not allowed|expected one"):
        session.stream(query)


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        (
            "SELECT respons_code FROM requests",
            "did you mean response_code? `hopline schema requests` lists the columns.",
        ),
        ("SELECT r.durationms FROM requests AS r", "did you mean duration_ms? `hopline schema requests`"),
        ("SELECT relapses FROM requests", "relapses is a column of failovers."),
        ("SELECT zzz FROM traffic", "`hopline schema traffic` lists the columns."),
        ("SELECT * FROM request", "did you mean requests? `hopline schema` lists tables, views and macros."),
        ("SELECT * FROM main.failover", "did you mean failovers?"),
        ("SELECT * FROM qqq", "`hopline schema` lists tables, views and macros."),
        ("SELECT $x + 1", "$x has no value"),
        ("SELECT * FROM read_text('/etc/hostname')", "Queries read only the logs given to hopline."),
    ],
)
def test_an_error_says_what_to_try(query: str, hint: str, session: Session) -> None:
    with pytest.raises(QueryError) as caught:
        session.sql(query)
    assert hint in f"{caught.value}\n{caught.value.hint}"
    assert "pg_" not in str(caught.value), "DuckDB proposes its own tables, for want of ours"


def test_parameters_that_do_not_fit_the_query_are_named(session: Session) -> None:
    with pytest.raises(QueryError, match=r"\$since has no value"):
        session.sql("SELECT count(*) FROM requests WHERE start_time > $since")
    with pytest.raises(QueryError, match=r"no parameter \$sinse") as caught:
        session.sql("SELECT count(*) FROM requests WHERE start_time > $since", {"since": "2026-11-23", "sinse": "x"})
    assert caught.value.hint == "did you mean $since?"
