"""The Python API: sessions, results, streams and compiled formats."""

from __future__ import annotations

import doctest
import gc
import importlib
import io
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import plotly.graph_objects as go
import polars as pl
import pyarrow as pa
import pytest

import hopline
from hopline.cli import run
from ingest import schema

HOME = Path(__file__).resolve().parents[2]
CRASH = HOME / "sample_logs" / "crash"
LINE = '{"start_time":"2026-11-24T02:32:15.510Z","response_code":200,"upstream_host":"127.1.1.1:8080"}\n'
_MODULES = sorted({module for module, _ in hopline._LAZY.values() if module not in ("analysis", "ingest", "reports")})


@pytest.fixture(scope="module")
def session() -> Iterator[hopline.Session]:
    with hopline.open(CRASH) as opened:
        yield opened


@pytest.mark.parametrize("module", [hopline, *map(importlib.import_module, [*_MODULES, "ingest.compiled"])])
def test_what_docstrings_show_is_real(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HOME)
    assert doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE).failed == 0


def test_a_session_needs_no_with_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened = hopline.open(HOME / "sample_logs" / "article")
    result = opened.sql("SELECT count(*) AS n FROM requests")
    assert list(tmp_path.iterdir())
    opened.close()
    opened.close()
    assert not list(tmp_path.iterdir())
    assert result.to_pylist() == [{"n": 2}], "a result outlives its session"
    with pytest.raises(hopline.UsageError, match="the session is closed"):
        opened.sql("SELECT 1")
    assert repr(opened) == "<hopline.Session, closed>"


def test_a_forgotten_session_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened = hopline.open(HOME / "sample_logs" / "article")
    del opened
    gc.collect()
    assert not list(tmp_path.iterdir())


def test_a_session_open_at_exit_leaves_nothing_behind(tmp_path: Path) -> None:
    code = f"import hopline; session = hopline.open({str(HOME / 'sample_logs' / 'article')!r})"
    environment = {"PYTHONPATH": str(HOME), "TMPDIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)
    assert not list(tmp_path.iterdir())


def test_a_result_goes_to_any_dataframe_library(session: hopline.Session) -> None:
    result = session.sql("SELECT start_time, response_flags, duration_ms FROM requests ORDER BY start_time LIMIT 3")
    table = result.to_arrow()
    assert pa.table(result) == table, "through the PyCapsule interface"
    frame = result.to_polars()
    assert pl.DataFrame(result).equals(frame)
    assert frame.schema["start_time"] == pl.Datetime("us", "UTC")
    assert frame["duration_ms"].to_list() == table.column("duration_ms").to_pylist()
    assert pa.schema(result) == result.schema
    assert (len(result), result.num_rows, result.column_names) == (3, 3, table.column_names)
    assert list(result) == result.to_pylist() == table.to_pylist()


def test_pandas_may_be_missing(session: hopline.Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(hopline.UsageError, match="pandas is not installed"):
        session.sql("SELECT 1 AS n").to_pandas()


def test_a_result_shows_itself_and_no_more(session: hopline.Session) -> None:
    result = session.sql("SELECT range AS n, '<b>' AS text FROM range(1000) ORDER BY n")
    assert repr(result).splitlines()[-1] == "[1,000 rows of 2 columns, the first 20 shown]"
    assert len(repr(result).splitlines()) == 23
    page = result._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert page.count("<tr>") == 21


def test_requests_failovers_and_report_agree(session: hopline.Session) -> None:
    (failover,) = session.failovers()
    report = session.report(title="A crash")
    assert session.requests.num_rows == report.totals.requests == 7103
    assert [each.failed for each in report.failovers] == [failover["failed"]] == [113]
    assert hopline.to_json(report) == hopline.to_json(hopline.build_report(session, title="A crash"))
    assert session.warnings == ()
    (line,) = session.evidence.read_lines([(str(CRASH / "cluster1/ingress/ingress-1.log"), 1004)]).values()
    assert b" 503 " in line


def test_a_report_shows_itself_in_a_frame_that_can_do_nothing_else(session: hopline.Session) -> None:
    shown = session.report()._repr_html_()
    assert shown.startswith('<iframe srcdoc="&lt;!doctype html&gt;')
    assert 'sandbox="allow-scripts"' in shown
    assert shown.count("<") == 2


def test_figures_are_those_of_the_report(session: hopline.Session) -> None:
    figures = session.figures(tz="Asia/Kolkata")
    assert list(figures) == [scene.scene_id for scene in session.report().scenes]
    figure = session.timeline()
    assert isinstance(figure, go.Figure)
    assert figure.layout.title.text == "frontend.mycompany.mesh:80 at cluster1/ingress, UTC"
    assert "Asia/Kolkata, UTC+05:30" in next(iter(figures.values())).layout.title.text
    named = [trace for trace in figure.data if trace.name == "cluster2 served"]
    assert [trace.showlegend for trace in named] == [True]
    labels = {note.text: note.yshift for note in figure.layout.annotations if (note.name or "").startswith("event")}
    assert labels["onset"] < labels["first spill"] < labels["full failover"], "labels that close together are stacked"
    figure.write_html(io.StringIO())


def test_nothing_to_draw_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.log").touch()
    with (
        hopline.open(tmp_path / "empty.log") as opened,
        pytest.raises(hopline.UsageError, match="nothing can be drawn"),
    ):
        opened.timeline()


def test_another_thread_may_ask(session: hopline.Session) -> None:
    rows: list[int] = []
    thread = threading.Thread(target=lambda: rows.append(session.sql("FROM requests").num_rows))
    thread.start()
    thread.join(60)
    assert rows == [7103]


def test_read_logs_streams_the_rows_of_access_log(session: hopline.Session) -> None:
    reader = hopline.read_logs(CRASH)
    assert isinstance(reader, pa.RecordBatchReader)
    assert reader.schema == schema.ACCESS_LOG
    table = reader.read_all().sort_by([("source", "ascending"), ("line", "ascending")])
    assert table == session.sql("FROM access_log ORDER BY source, line").to_arrow().cast(schema.ACCESS_LOG)


def test_read_logs_holds_a_block_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "long.log").write_text(LINE * 200_000)  # 19 MB: three blocks
    reader = hopline.read_logs(tmp_path)
    before = pa.total_allocated_bytes()
    counts, held = [], []
    for batch in reader:
        counts.append(batch.num_rows)
        del batch
        held.append(pa.total_allocated_bytes() - before)
    assert sum(counts) == 200_000
    assert len(counts) == 3
    assert held[-1] <= max(held[:-1]), "what was read is not kept"


def test_read_logs_loses_nothing_in_silence(tmp_path: Path) -> None:
    good = tmp_path / "good.log"
    good.write_text(LINE + '{"response_code": 200, "cut\n' + LINE)
    (tmp_path / "bad.log.gz").write_bytes(b"\x1f\x8b\x08\x00")
    rejects: list[pa.Table] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert hopline.read_logs(good, see_rejects=rejects.append).read_all().column("line").to_pylist() == [1, 3]
    assert [row["line"] for table in rejects for row in table.to_pylist()] == [2]
    with pytest.warns(UserWarning, match="1 lines could not be read"):
        hopline.read_logs(good).read_all()
    with pytest.raises(hopline.SourceError, match="nowhere"):
        hopline.read_logs(tmp_path / "nowhere.log").read_all()


def test_a_store_is_opened_and_not_read(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    assert run(["ingest", str(HOME / "sample_logs" / "article"), "--store", store]) == 0
    with pytest.raises(hopline.UsageError, match="is a store") as caught:
        hopline.read_logs(store)
    assert "stream('FROM access_log')" in (caught.value.hint or "")
    with hopline.open(store) as opened:
        assert opened.stream("FROM access_log").read_all().num_rows == opened.requests.num_rows == 2


def test_a_compiled_format_is_a_value() -> None:
    text = "%START_TIME% %RESPONSE_CODE% %REQ(X-TEAM)%"
    compiled = hopline.compile_format(text)
    assert compiled == hopline.compile_format(text)
    assert len({compiled, hopline.compile_format(text)}) == 1
    assert repr(compiled) == f"CompiledFormat(text={text!r})"
    with pytest.raises(AttributeError):
        compiled.text = "other"  # type: ignore[misc]
    assert [field.type for field in compiled.fields] == [pa.timestamp("us", tz="UTC"), pa.int32(), pa.string()]


@pytest.mark.parametrize("lines", ["{0}\n{1}\n\nx y\r\n", b"{0}\n{1}\n\nx y\n", ["{0}", "{1}", "", "x y"]])
def test_a_compiled_format_accounts_for_every_line(lines: str | bytes | list[str]) -> None:
    first, second = "2026-11-24T02:32:15.510Z 200 blue", "2026-11-24T02:32:15.520Z 503 \xff"
    if isinstance(lines, bytes):
        given: str | bytes | list[str] = lines.replace(b"{0}", first.encode()).replace(b"{1}", second.encode("latin-1"))
    elif isinstance(lines, str):
        given = lines.format(first, second)
    else:
        given = [line.format(first, second) for line in lines]
    rows, rejects = hopline.compile_format("%START_TIME% %RESPONSE_CODE% %REQ(X-TEAM)%").parse(given, source="a.log")
    assert rows.schema == schema.ACCESS_LOG
    assert rows.column("line").to_pylist() == [1, 2]
    assert rows.column("response_code").to_pylist() == [200, 503]
    assert dict(rows.column("extra")[1].as_py()) == {"REQ(X-TEAM)": "\\xff" if isinstance(lines, bytes) else "\xff"}
    assert rejects.to_pylist() == [
        {"source": "a.log", "line": 4, "reason": "the format does not fit the line", "raw": b"x y"}
    ]


def test_a_compiled_template_reads_json() -> None:
    compiled = hopline.compile_format(
        '{"when": "%START_TIME%", "code": "%RESPONSE_CODE%", "mesh": {"team": "%REQ(X-T)%"}}'
    )
    rows, rejects = compiled.parse('{"code": 200, "when": "2026-11-24T02:32:15.510Z", "mesh": {"team": "blue"}}')
    assert rows.column("response_code").to_pylist() == [200]
    assert rejects.num_rows == 0
    assert {field.key: field.column for field in compiled.fields}["code"] == "response_code"
