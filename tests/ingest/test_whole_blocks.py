"""Blocks read as a whole become what their lines become one by one: the fast path never decides anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import schema
from ingest.access_log import Origin
from ingest.block_plan import run_on_block
from ingest.blocks import cut_blocks, lines_at
from ingest.columns import to_arrow, to_values
from ingest.facts import Facts
from ingest.formats import LogFormat, custom_formats, load_formats
from ingest.json_blocks import JsonBlockReader
from ingest.log_reader import BlockReader, LogTables
from ingest.names import Names
from ingest.parser import known_formats
from ingest.pieces import FEW, TEXT, cut, join, to_cut
from ingest.plan import compile_plan
from ingest.tables import TableWriter
from ingest.unwrapping import Unwrapper
from ingest.values import convert
from ingest.whole_blocks import WholeReader
from tests.examples import examples
from tests.ingest.lines import istio_line

#: What an unescaped value can do to a line, and to a reader of lines.
TOKENS = (
    *('"', '""', '" "', " ", "  ", "-", '"-"', "\t", "\r", "\0", "\v", "\x85", "\u2028", "\ufeff", "\\", '\\"', "é"),
    *("0x1F", "+5", "007", " 7", "9" * 20, "two", "1.5", "2026-02-30T10:00:00.000Z", "23:59:60.000Z", "UF,URX", "uf"),
    *(";", "|", "a.b;", "::1", "\udcff"),
)
CUSTOM = (
    "%UPSTREAM_HOST% %RESPONSE_CODE%",
    "%START_TIME(%s.%3f)%|%RESPONSE_FLAGS%|%DURATION%|%REQ(X-A)%",
    '%REQ(X-A)%"-"%REQ(X-B)% %REQ(:AUTHORITY)%',
)
FORMATS = (*custom_formats(CUSTOM), *(f for f in load_formats() if f.pattern))
SAMPLES = {
    **{f.name: [sample.line for sample in f.samples] for f in FORMATS if f.samples},
    **dict(zip((f.name for f in FORMATS), (["a:1 200"], ["1772359200.125|UF|3|x"], ['a"-"b c']), strict=False)),
}


@st.composite
def hostile_lines(draw: st.DrawFn, samples: list[str], tokens: tuple[str, ...] = TOKENS) -> list[bytes]:
    """Lines of a format, some with tokens put in or in the place of something."""
    lines = []
    for _ in range(draw(st.integers(1, 9))):
        line = draw(st.sampled_from(samples))
        for _ in range(draw(st.sampled_from((0, 0, 1, 2)))):
            start = draw(st.integers(0, len(line)))
            stop = draw(st.sampled_from((start, start, start + 1, start + 8)))
            line = line[:start] + draw(st.sampled_from(tokens)) + line[stop:]
        lines.append(draw(st.sampled_from((line, line, line, line, ""))).encode("utf-8", "surrogateescape"))
    return lines


def read(data: bytes, formats: tuple[LogFormat, ...], *, as_a_whole: bool, block: int = 1 << 20) -> dict[str, Any]:
    """Return what a reader makes of lines: rows and rejects by line, and counts."""
    reader = BlockReader.for_formats(Origin("x.log", Names()), formats, Unwrapper(()))
    assert reader.whole is not None
    if not as_a_whole:
        reader = replace(reader, whole=None)
    with TemporaryDirectory() as folder:
        facts = Facts("x.log", Names())
        tables = LogTables(
            TableWriter(Path(folder) / "rows", schema.ACCESS_LOG), TableWriter(Path(folder) / "rejects", schema.REJECTS)
        )
        for each in cut_blocks(iter([data]), block):
            reader.read(each, facts, tables)
        reader.finish(facts, tables)
        rows, rejects = (pq.read_table(table.close()) for table in (tables.access_log, tables.rejects))
    assert rows.schema.equals(schema.ACCESS_LOG)
    assert [field.metadata for field in rows.schema] == [field.metadata for field in schema.ACCESS_LOG]
    return {
        "rows": rows.sort_by("line").to_pylist(),
        "rejects": rejects.sort_by("line").to_pylist(),
        # Of formats with as many rows, that comes first of which a row was read first.
        "facts": facts.to_row() | {"formats": sorted(facts.formats)},
        "roles": facts.roles,
    }


@pytest.mark.parametrize("known", FORMATS, ids=lambda f: f.name)
def test_a_block_becomes_what_its_lines_become(known: LogFormat) -> None:
    formats = (known, *(f for f in known_formats() if f.name != known.name))

    @settings(max_examples=examples(10), deadline=None)
    @given(hostile_lines(SAMPLES[known.name]), st.sampled_from((b"\n", b"\n", b"\r\n")))
    def check(lines: list[bytes], ending: bytes) -> None:
        data = ending.join(lines)
        assert read(data, formats, as_a_whole=True) == read(data, formats, as_a_whole=False)

    check()


JSON_TOKENS = (
    *('"', '\\"', "\\\\", "\\", "\\u00e9", "\\n", "\t", "\1", "\x7f", "\r", ":null", "null", '":"', '","', ",", ":"),
    *(" ", "{", "}", '"path":"/again",', '"response_code":7,', '"x":{"y":1},', '"x":[1],', '"x":true,', "-0", "007"),
    *("+1", "1.5", "1e3", "-", "9" * 20, '""', '"-"', "é", "\u2028", "\udcff", '"7"', "UF,URX"),
)
JSON_FORMATS = tuple(f for f in load_formats() if f.encoding == "json")
JSON_SAMPLES = [sample.line for f in JSON_FORMATS for sample in f.samples]


@settings(max_examples=examples(25), deadline=None)
@given(st.data(), st.sampled_from(JSON_FORMATS), st.sampled_from((False, False, True)))
def test_a_block_of_json_becomes_what_its_lines_become(data: st.DataObject, known: LogFormat, spaced: bool) -> None:
    samples = [sample.line.replace('\\"7\\"', "7") for sample in known.samples]
    if spaced:
        samples = [json.dumps(json.loads(line)) for line in samples]
    # Lines of one shape, then hostile ones among them.
    first = data.draw(st.sampled_from(samples))
    lines = [first.encode(), *data.draw(hostile_lines([first, first, first, *JSON_SAMPLES], JSON_TOKENS))]
    text = data.draw(st.sampled_from((b"\n", b"\n", b"\r\n"))).join(lines)
    formats = (known, *(f for f in known_formats() if f.name != known.name))
    assert read(text, formats, as_a_whole=True) == read(text, formats, as_a_whole=False)


def test_json_lines_of_one_shape_are_read_at_once() -> None:
    """The fast path does apply: to lines as Envoy writes them, with nulls in other places than the first has."""
    (known,) = (f for f in JSON_FORMATS if f.name == "istio-json")
    first = json.loads(known.samples[0].line) | {"path": "/cart"}
    entries = [first, first | {"user_agent": None}, first | {"upstream_transport_failure_reason": "", "duration": 7}]
    odd = [first | {"user_agent": 'a "b"'}, first | {"duration": "7"}]
    text = "\n".join(json.dumps(entry, separators=(",", ":")) for entry in (*entries, *odd)).encode()
    rows = JsonBlockReader(known_formats()).read(text, 5)
    assert rows is not None
    assert rows.positions.to_list() == [0, 1, 2]
    assert rows.left(5) == [3, 4]
    assert rows.columns["user_agent"].to_pylist() == ["curl/8.9.1", None, "curl/8.9.1"]
    assert rows.columns["duration_ms"].to_pylist() == [12, 12, 7]
    assert rows.columns["upstream_transport_failure_reason"].to_pylist() == [None, None, ""]


def test_json_text_that_looks_like_a_replaced_null() -> None:
    """A control character in a text makes a line that is no JSON; it is not a null."""
    (known,) = (f for f in JSON_FORMATS if f.name == "istio-json")
    line = known.samples[0].line.replace('\\"7\\"', "7").encode()
    text = b"\n".join([line, line.replace(b'"curl/8.9.1"', b'"\1\1"'), line])
    assert JsonBlockReader(known_formats()).read(line, 1) is not None
    assert JsonBlockReader(known_formats()).read(text, 3) is None
    found = read(text, known_formats(), as_a_whole=True)
    assert found == read(text, known_formats(), as_a_whole=False)
    assert [row["line"] for row in found["rows"]] == [1, 3]


@pytest.mark.parametrize("different", [1, 40, 400], ids=["one text", "few texts", "many texts"])
def test_a_part_of_few_different_texts_is_cut_as_such(different: int) -> None:
    """A part of a line is cut once for each of its texts, unless they are many; odd ones lose only their own lines."""
    lines = [istio_line(path=f"/{i % different}", flags="UF" if i % 3 else "-") for i in range(400)]
    lines[7] = lines[7].replace("via_upstream", "via upstream")
    lines[8] = lines[8].replace("HTTP/1.1", "HTTP 1.1")
    data = "\n".join(lines).encode()
    (known,) = (f for f in load_formats() if f.name == "istio-text")
    reader = WholeReader.of(known)
    assert reader is not None
    rows = reader.read(data, 400)
    assert rows is not None
    assert rows.left(400) == [7, 8]
    assert rows.columns["path"].to_pylist() == [f"/{i % different}" for i in range(400) if i not in (7, 8)]
    found = read(data, known_formats(), as_a_whole=True)
    assert found == read(data, known_formats(), as_a_whole=False)


@given(st.lists(st.text(alphabet='a,-"\0\té', max_size=5), min_size=1, max_size=8), st.integers(2, 3), st.data())
def test_pieces_are_those_of_a_split(lines: list[str], count: int, data: st.DataObject) -> None:
    text = to_cut("\n".join(lines).encode())
    types = [data.draw(st.sampled_from((TEXT, FEW))) for _ in range(count)]
    if text is None:
        return
    pieces = cut(text, len(lines), ",", types)
    split = [line.split(",") for line in lines]
    assert pieces is not None
    assert pieces.missing == tuple(i for i, parts in enumerate(split) if len(parts) != count)
    good = [parts for parts in split if len(parts) == count]
    assert [column.to_pylist() for column in pieces.columns] == [
        [None if parts[i] == "-" else parts[i] for parts in good] for i in range(count)
    ]
    assert [column.type for column in pieces.columns] == types
    if good:
        assert join(pieces.columns[0]).to_pybytes().decode() == "\n".join(parts[0] for parts in good)


@pytest.mark.parametrize(
    "text", [b"", b"a,b\rc,d", b"\xef\xbb\xbfa,b"], ids=["nothing", "carriage return", "byte-order mark"]
)
def test_texts_that_arrow_would_change_are_refused(text: bytes) -> None:
    assert to_cut(text) is None


TYPES = ("string", "address", "host", "cluster", "int32", "int64", "flags", "flags_long", "timestamp", "milliseconds")


@given(
    st.sampled_from(TYPES),
    st.lists(
        st.one_of(
            st.none(),
            st.sampled_from(("", "7", "UF", "a;", ";", "2026-03-01T10:00:00.125Z", "2026-03-01 10:00:00.125Z")),
            st.sampled_from(("0001-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z", "2026-03-01T24:00:00.000Z")),
            st.sampled_from([token for token in TOKENS if token.isprintable() and token != "-"]),
        ),
        max_size=6,
    ),
    st.booleans(),
)
@settings(max_examples=examples(200))
def test_values_are_those_of_the_other_path(type_: str, texts: list[str | None], few: bool) -> None:
    values, good = to_values(pa.array(texts, TEXT).dictionary_encode() if few else pa.array(texts, TEXT), type_)
    expected, expected_good = convert(pl.Series(texts, dtype=pl.String), type_)
    assert values.to_pylist() == to_arrow(expected, values.type if values.type != FEW else TEXT).to_pylist()
    assert (good.to_pylist() if good is not None else [True] * len(texts)) == expected_good.to_list()


def test_lines_left_over_by_many_blocks(parse: Callable[..., Any]) -> None:
    """Blocks of a few lines each, some of which must wait for the careful path."""
    lines = [istio_line(path=f"/{i}", agent='a "b"' if i % 7 == 3 else "curl") for i in range(300)]
    lines[17], lines[100], lines[299] = "starting up", lines[100][:150], ""
    data = "\n".join(lines).encode()
    found = read(data, known_formats(), as_a_whole=True, block=2000)
    assert found == read(data, known_formats(), as_a_whole=False)
    assert len(found["rows"]) == 297
    assert [row["line"] for row in found["rejects"]] == [101]


def test_lines_taken_out_of_a_large_block() -> None:
    data = b"\n".join(b"x" * (i * 7919 % 3001) for i in range(1700))
    lines = data.split(b"\n")
    places = [0, 1, 2, *range(600, 900), 1698, 1699]
    assert len(data) > 2 << 20
    assert lines_at(data, places) == [lines[place] for place in places]


def test_a_line_of_ten_megabytes_among_others() -> None:
    lines = [istio_line().encode() for _ in range(40)]
    lines[20] = istio_line(agent="x" * (10 << 20)).encode()
    lines[30] = istio_line(agent='"' * (1 << 20)).encode()
    data = b"\n".join(lines)
    assert read(data, known_formats(), as_a_whole=True) == read(data, known_formats(), as_a_whole=False)


def test_a_block_of_other_lines_is_left_to_the_other_path() -> None:
    (known,) = (f for f in load_formats() if f.name == "istio-text")
    assert known.pattern is not None
    plan = compile_plan(known.pattern)
    assert plan is not None
    assert run_on_block(plan, b"\n".join([b"something else"] * 1000), 1000) is None
    assert run_on_block(plan, b"\n".join([istio_line().encode()] * 1000), 1000) is not None
