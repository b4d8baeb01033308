"""Every format keeps every value, and no value can act on whoever reads it."""

import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from hopline.console import Screen
from hopline.writers import columnar, grid, markdown, objects, separated
from hopline.writers.values import name_uniquely

MOMENT = datetime(2026, 11, 23, 20, 54, 6, 214_000, tzinfo=UTC)
TABLE = pa.table(
    {
        "time": pa.array([MOMENT, None], pa.timestamp("us", tz="UTC")),
        "host": ["127.0.0.1:80", None],
        "empty": ["", "x"],
        "flags": pa.array([["UF", "URX"], []], pa.list_(pa.string())),
        "extra": pa.array([[("k", "v")], []], pa.map_(pa.string(), pa.string())),
        "gaps": pa.array(
            [[{"gap_start": MOMENT}], None], pa.list_(pa.struct([("gap_start", pa.timestamp("us", tz="UTC"))]))
        ),
        "requests": [1, 2],
        "share": [0.25, float("nan")],
        "total": pa.array([Decimal(12345678901234567890), Decimal(1)], pa.decimal128(38, 0)),
        "failed": [True, None],
        "raw": pa.array([b"ok \xff", b""], pa.binary()),
    }
)


def render(write: Any, table: pa.Table = TABLE, *rest: Any) -> str:
    stream = io.BytesIO()
    write(table, stream, *rest)
    return stream.getvalue().decode()


def test_json_is_one_array_with_every_key() -> None:
    first, second = json.loads(render(objects.write_json_array))
    assert first == {
        "time": "2026-11-23T20:54:06.214000Z",
        "host": "127.0.0.1:80",
        "empty": "",
        "flags": ["UF", "URX"],
        "extra": {"k": "v"},
        "gaps": [{"gap_start": "2026-11-23T20:54:06.214000Z"}],
        "requests": 1,
        "share": 0.25,
        "total": 12345678901234567890,
        "failed": True,
        "raw": "ok \\xff",
    }
    assert second["host"] is None
    assert second["share"] is None, "JSON has no NaN"
    assert set(second) == set(first)


def test_json_of_nothing_is_an_empty_array() -> None:
    assert json.loads(render(objects.write_json_array, TABLE.slice(0, 0))) == []
    assert render(objects.write_json_lines, TABLE.slice(0, 0)) == ""


def test_json_lines() -> None:
    lines = render(objects.write_json_lines).splitlines()
    assert [json.loads(line)["requests"] for line in lines] == [1, 2]


def test_columns_of_one_name_are_all_kept() -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2]), pa.array([3])], names=["a", "a", "a_1"])
    (row,) = json.loads(render(objects.write_json_array, table))
    assert sorted(row.values()) == [1, 2, 3]
    assert len(set(name_uniquely(["a", "a", "a_1", "a"]))) == 4


def test_csv() -> None:
    assert render(separated.write_csv).splitlines() == [
        "time,host,empty,flags,extra,gaps,requests,share,total,failed,raw",
        '2026-11-23T20:54:06.214000Z,127.0.0.1:80,"","[""UF"", ""URX""]","{""k"": ""v""}",'
        '"[{""gap_start"": ""2026-11-23T20:54:06.214000Z""}]",1,0.25,12345678901234567890,true,ok \\xff',
        ',,x,[],{},,2,,1,,""',
    ]


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+1+1", "'+1+1"),
        ("-2+3+cmd|' /C calc'!A0", "'-2+3+cmd|' /C calc'!A0"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\uff1d1", "'\uff1d1"),
        ("-", "-"),
        ("-5", "-5"),
        ("+1.5e3", "+1.5e3"),
        ('say "hi", then', '"say ""hi"", then"'),
        ("two\nlines", '"two\nlines"'),
        ("plain", "plain"),
    ],
)
def test_csv_cells_cannot_become_formulas(text: str, cell: str) -> None:
    assert separated.write_cell(text) == cell


def test_markdown_cannot_be_broken_out_of() -> None:
    table = pa.table({"path": ["/a|b", "<img src=x>", "[x](http://y)", "a\nb", None], "n": [1, 2, 3, 4, 5]})
    assert render(markdown.write_markdown, table).splitlines() == [
        "| path | n |",
        "| --- | ---: |",
        "| /a\\|b | 1 |",
        "| &lt;img src=x&gt; | 2 |",
        "| \\[x\\](http://y) | 3 |",
        "| a\\\\x0ab | 4 |",
        "|  | 5 |",
    ]


def test_parquet_and_arrow_keep_types() -> None:
    stream = io.BytesIO()
    columnar.write_parquet(TABLE, stream)
    assert pq.read_table(io.BytesIO(stream.getvalue())).drop(["share"]).equals(TABLE.drop(["share"]))
    stream = io.BytesIO()
    columnar.write_arrow(TABLE, stream)
    assert pyarrow.ipc.open_file(io.BytesIO(stream.getvalue())).read_all().schema == TABLE.schema


def test_table_stands_in_columns() -> None:
    table = pa.table({"host": ["a", None], "requests": [1000, 2], "share": [0.5, 1e-9]})
    assert render(grid.write_grid, table) == (
        "host  requests  share\n────  ────────  ─────\na         1000    0.5\n-            2  1e-09\n"
    )


def screen(width: int, *, unicode: bool = True, colour: bool = False) -> Screen:
    return Screen(width=width, interactive=True, colour=colour, unicode=unicode)


def test_table_cuts_long_texts_to_the_width() -> None:
    table = pa.table({"agent": ["x" * 200], "code": [200]})
    for unicode, mark in ((True, "…"), (False, "~")):
        lines = render(grid.write_grid, table, screen(40, unicode=unicode)).splitlines()
        assert max(map(len, lines)) == 40
        assert mark in lines[2]
        assert lines[2].endswith("200")
        assert unicode or all(line.isascii() for line in lines)


def test_table_too_wide_becomes_blocks() -> None:
    table = pa.table({f"column_{number}": ["x" * 30] for number in range(20)})
    lines = render(grid.write_grid, table, screen(80)).splitlines()
    assert lines[0].startswith("-- row 1 ")
    assert lines[1] == "column_0   " + "x" * 30
    assert len(lines) == 21


def test_table_obeys_no_escape_sequence_of_a_log() -> None:
    table = pa.table({"agent": ["\x1b[2J\x07evil\u202e", "\x9b1m"]})
    text = render(grid.write_grid, table, screen(80))
    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "\\x1b[2J\\x07evil\\u202e" in text
    assert "\x1b[1m" in render(grid.write_grid, table, screen(80, colour=True)), "our own bold, on a colour terminal"


def test_times_are_shown_to_the_digits_they_have() -> None:
    fine = pa.table({"t": pa.array([MOMENT, MOMENT.replace(microsecond=1)], pa.timestamp("us", tz="UTC"))})
    assert "2026-11-23 20:54:06.000001\n" in render(grid.write_grid, fine)
    assert "2026-11-23 20:54:06.214\n" in render(grid.write_grid, fine.slice(0, 1))
