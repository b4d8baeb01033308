"""The benchmark itself: the truth is true, a wrong reader is found out, other readers' queries are sound."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

import ingest
from analysis import open_session
from tests.bench import reporting
from tests.bench.comparison import CONTESTS, Contest, Outcome, read_back, read_large, run_contest
from tests.bench.corpus import Corpus, pack_corpus, truth_path, write_corpus
from tests.bench.day import PROXIES, SERVICES, count_requests, files_of, write_day
from tests.bench.lines import Rates
from tests.bench.measurement import measure
from tests.bench.report import put_between_marks, to_markdown
from tests.bench.targets import judge
from tests.bench.truth import COLUMNS, Truth

SMALL = Corpus(size=5 * 10**6, rates=Rates(odd=0.01, ambiguous=0.005, broken=0.01, messages=0.01))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bench")
    write_corpus(SMALL, folder)
    write_corpus(replace(SMALL, encoding="json"), folder)
    return folder


def test_truth_agrees_with_a_look_at_the_text(folder: Path) -> None:
    truth = Truth.read(truth_path(folder / SMALL.name))
    lines = (folder / SMALL.name).read_text(encoding="utf-8").splitlines()
    assert truth.entries == len(lines)
    entries = [line for line in lines if line.startswith("[20") and '] "' in line]
    quotes = [line.count('"') for line in entries]
    assert truth.rejected == sum(n != 14 for n in quotes if n < 14) + sum('" two ' in line for line in entries)
    assert truth.others["agent_message"] == sum("\tinfo\t" in line for line in lines)
    good = [line for line in entries if line.count('"') >= 14 and '" two ' not in line]
    assert truth.rows == len(good)
    codes = [re.search(r' (?:HTTP/1\.1|-)" (\d+) ', line) for line in good]
    assert truth.response_codes["503"] == sum(match is not None and match[1] == "503" for match in codes)
    sent = [re.search(r'"(?:-|delayed connect error: 111)" \d+ (\d+) ', line) for line in good]
    assert truth.columns["bytes_sent"] == [len(good), sum(int(match[1]) for match in sent if match)]
    assert 0.004 < truth.ambiguous / truth.rows < 0.006
    assert truth.odd > truth.ambiguous


def test_json_log_holds_the_same_kind_of_rows(folder: Path) -> None:
    path = folder / replace(SMALL, encoding="json").name
    truth = Truth.read(truth_path(path))
    objects = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            objects.append(json.loads(line))
        except ValueError:
            continue
    assert truth.rows == len(objects)
    assert truth.columns["bytes_sent"] == [len(objects), sum(entry["bytes_sent"] for entry in objects)]
    assert truth.columns["route_name"][0] == sum(entry["route_name"] is not None for entry in objects)
    assert any('"' in (entry["user_agent"] or "") for entry in objects)


def test_same_seed_same_bytes(folder: Path, tmp_path: Path) -> None:
    again, truth = write_corpus(replace(SMALL, compression="gzip"), tmp_path)
    assert gzip.decompress(again.read_bytes()) == (folder / SMALL.name).read_bytes()
    assert not truth.differences(Truth.read(truth_path(folder / SMALL.name)))
    other, _ = write_corpus(replace(SMALL, seed=2), tmp_path)
    assert other.read_bytes() != (folder / SMALL.name).read_bytes()


@pytest.mark.parametrize("encoding", ["text", "json"])
def test_hopline_reads_every_line_of_it(encoding: str, folder: Path, tmp_path: Path) -> None:
    path = folder / replace(SMALL, encoding=encoding).name
    ingest.parse([str(path)], folder=tmp_path, workers=1)
    found, truth = read_back(tmp_path), Truth.read(truth_path(path))
    found.odd = truth.odd
    assert truth.differences(found) == []


def test_values_on_the_wrong_rows_are_found(folder: Path, tmp_path: Path) -> None:
    parsed = ingest.parse([str(folder / SMALL.name)], folder=tmp_path, workers=1)
    rows = pl.DataFrame(pl.from_arrow(pq.read_table(parsed.access_log[0], columns=[*COLUMNS, "line", "ambiguous"])))
    right, wrong = Truth(), Truth()
    right.see_rows(rows)
    assert right.rows > 10_000
    wrong.see_rows(rows.with_columns(pl.col("request_id").reverse()))
    (difference,) = right.differences(wrong)
    assert difference.startswith("row_checksum")


@pytest.mark.parametrize("reader", ["duckdb-split", "duckdb-regexp", "duckdb-json", "polars", "python"])
def test_other_readers_find_the_plain_lines(reader: str, folder: Path, tmp_path: Path) -> None:
    (contest,) = [contest for contest in CONTESTS if contest.reader == reader]
    path = folder / replace(SMALL, encoding=contest.encoding).name
    outcome = run_contest(contest, path, tmp_path / "out")
    assert outcome.problem == ""
    truth = Truth.read(truth_path(path))
    odd = 0 if contest.encoding == "json" else truth.odd + truth.ambiguous
    # An agent whose quotes leave no mark on the shape of the line (`caf.` and a tab) may be read by some.
    assert truth.rows - odd <= round(outcome.found * truth.rows) <= truth.rows
    assert outcome.peak_bytes > 20 * 10**6
    assert outcome.cpu_seconds > 0


def test_a_reader_that_is_not_there_is_a_row_of_the_table(folder: Path, tmp_path: Path) -> None:
    measured = measure("tests.bench.readers", ["no-such-reader", "log", str(tmp_path)])
    assert measured.answer is None
    assert "no-such-reader" in measured.problem
    outcome = run_contest(Contest("Nobody", "no-such-reader", "text"), folder / SMALL.name, tmp_path / "out")
    assert "| Nobody | KeyError: 'no-such-reader'" in to_markdown([outcome], date="today", machine="this one")


def test_a_packed_log_is_the_plain_one(folder: Path) -> None:
    packed = pack_corpus(replace(SMALL, compression="gzip"), folder / SMALL.name)
    assert gzip.decompress(packed.read_bytes()) == (folder / SMALL.name).read_bytes()
    assert Truth.read(truth_path(packed)) == Truth.read(truth_path(folder / SMALL.name))


def test_a_large_log_is_the_small_one_many_times(tmp_path: Path) -> None:
    folder, corpus = tmp_path, Corpus(size=10**6)
    write_corpus(corpus, folder)
    outcome = read_large(corpus.size, 2 * corpus.size, folder, say=lambda text: None)
    assert (outcome.problem, outcome.differences) == ("", ())
    assert outcome.bytes == 2 * (folder / corpus.name).stat().st_size
    assert [path.name for path in folder.glob("*times*")] == []
    table = json.loads(truth_path(folder / corpus.name).read_text(encoding="utf-8"))
    truth_path(folder / corpus.name).write_text(json.dumps(table | {"rejected": 1}), encoding="utf-8")
    assert read_large(corpus.size, corpus.size, folder, say=lambda text: None).differences[0].startswith("rejects:")


def test_targets_are_ratios_within_a_run() -> None:
    def outcome(reader: str, seconds: float, kind: str = "text") -> Outcome:
        return Outcome(Contest(reader, reader, kind), 10**9, seconds, 1, 2 * 10**9, 1)

    found = {target.name: target for target in judge([outcome("hopline-2", 5), outcome("chdb", 6)])}
    assert found["text, against ClickHouse `splitByChar`"].measured == "1.20 x"
    assert found["text, against ClickHouse `splitByChar`"].met
    assert not found["peak MB of all processes, 1.0 GB of text"].met
    assert found["text, MB/s with 2 workers"].met
    assert len(found) == 3


def test_the_table_goes_between_its_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- bench x: begin -->\nold\n<!-- bench x: end -->\nb\n", encoding="utf-8")
    put_between_marks(page, "x", "new")
    assert page.read_text(encoding="utf-8") == "a\n<!-- bench x: begin -->\n\nnew\n<!-- bench x: end -->\nb\n"
    with pytest.raises(ValueError, match="no `<!-- bench y"):
        put_between_marks(page, "y", "new")


@pytest.mark.soak
def test_a_report_is_measured(tmp_path: Path) -> None:
    found = reporting.measure_log(100_000, tmp_path)
    assert found.cost.answer is not None, found.cost.problem
    assert found.cost.answer["seconds"] > 0
    assert 1_000_000 < found.page_bytes < 8_000_000
    assert f"{found.cost.answer['seconds']:.1f} s (" in reporting.describe(found)


def test_a_day_has_its_requests_and_can_be_read(tmp_path: Path) -> None:
    written = write_day(tmp_path, 2_000)
    assert 1_990 <= written <= 2_010  # rounded in the model's windows
    counted = count_requests(tmp_path)
    assert (len(counted), sum(counted.values())) == (SERVICES, written)
    with open_session(files_of(tmp_path)) as session:
        (row,) = session.sql("SELECT count(*) AS requests, count(DISTINCT proxy) AS proxies FROM requests").to_pylist()
    assert row == {"requests": written, "proxies": PROXIES}
