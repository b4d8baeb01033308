"""The format language, and the round trip: fields rendered by a format string parse back equal."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.anchored import read_line
from ingest.errors import FormatError
from ingest.formats import custom_format, load_formats
from ingest.parser import parse_lines
from ingest.pattern import parse_pattern
from ingest.plan import compile_plan, run_plan
from ingest.times import parse_time, parse_times
from tests.examples import examples


def test_grammar() -> None:
    pattern = parse_pattern("100%% %REQ(X-A?:PATH):20% [%START_TIME(%Y-%m-%dT%H:%M:%S.%3f)%]%DURATION%\n")
    assert pattern.literals == ("100% ", " [", "]", "")
    path, time, duration = pattern.fields
    assert (path.operator, path.argument, path.limit, path.column) == ("REQ", "X-A?:PATH", 20, None)
    assert (time.argument, time.column) == ("%Y-%m-%dT%H:%M:%S.%3f", "start_time")
    assert (duration.column, duration.key) == ("duration_ms", "DURATION")


@pytest.mark.parametrize(
    "text", ["%START_TIME", "50% of", "%lower%", "%NO_SUCH_OPERATOR%", "no operator", "", "%REQ(A%"]
)
def test_bad_format_string(text: str) -> None:
    with pytest.raises(FormatError):
        parse_pattern(text)


def test_second_operator_of_a_column_goes_to_extra(parse: Callable[..., Any]) -> None:
    (row,) = parse(b"12 13 abc\n", log_format="%DURATION% %DURATION% %REQ(X-A)%").rows
    assert row["duration_ms"] == 12
    assert row["extra"] == {"DURATION": "13", "REQ(X-A)": "abc"}


@pytest.mark.parametrize(
    ("strftime", "text", "want"),
    [
        (None, "2026-03-01T10:00:00.125Z", datetime(2026, 3, 1, 10, 0, 0, 125000, UTC)),
        (None, "2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10, 0, 0, 0, UTC)),
        (None, "2026-03-01T10:00:00.125678901Z", datetime(2026, 3, 1, 10, 0, 0, 125678, UTC)),
        (None, "2026-03-01T12:00:00.5+02:00", datetime(2026, 3, 1, 10, 0, 0, 500000, UTC)),
        (None, "2026-03-01 10:00:00,125", datetime(2026, 3, 1, 10, 0, 0, 125000, UTC)),
        (None, "1772359200", datetime(2026, 3, 1, 10, 0, 0, 0, UTC)),
        (None, "1772359200.125", datetime(2026, 3, 1, 10, 0, 0, 125000, UTC)),
        (None, "1772359200125", datetime(2026, 3, 1, 10, 0, 0, 125000, UTC)),
        (None, "2026-13-01T10:00:00.125Z", None),
        (None, "soon", None),
        ("%s.%3f", "1772359200.125", datetime(2026, 3, 1, 10, 0, 0, 125000, UTC)),
        ("%Y/%m/%dT%H:%M:%S%z %s", "2026/03/01T12:00:00+0200 x", None),
        ("%Y/%m/%dT%H:%M:%S%z", "2026/03/01T12:00:00+0200", datetime(2026, 3, 1, 10, 0, 0, 0, UTC)),
        ("%d/%b/%Y:%H:%M:%S", "01/Mar/2026:10:00:00", datetime(2026, 3, 1, 10, 0, 0, 0, UTC)),
        ("%F %T.%6f", "2026-03-01 10:00:00.000125", datetime(2026, 3, 1, 10, 0, 0, 125, UTC)),
        ("%s%9f", "1772359200125000000", datetime(2026, 3, 1, 10, 0, 0, 125000, UTC)),
    ],
)
def test_times(strftime: str | None, text: str, want: datetime | None) -> None:
    assert parse_times(pl.Series([text]), strftime).to_list() == [want]


def test_times_mixed_in_one_block() -> None:
    texts = ["2026-03-01T10:00:00.125Z", "2026-03-01T10:00:00.125678Z", "-", "2026-02-31T10:00:00.125Z"]
    want = [parse_time(texts[0]), parse_time(texts[1]), None, None]
    assert parse_times(pl.Series(texts)).to_list() == want


# --- round trip -----------------------------------------------------------------------------------------------

TOKEN = st.text(
    st.characters(codec="utf-8", exclude_characters=' "\n\r', exclude_categories=["Cs"]),
    min_size=1,
    max_size=12,
)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters='"\n\r', exclude_categories=["Cs"]), max_size=12)
NUMBER = st.integers(0, 2**31 - 1).map(str) | st.just("-")

#: operator -> (column, values as logged)
FIELDS: dict[str, tuple[str | None, st.SearchStrategy[str]]] = {
    "REQ(:METHOD)": ("method", st.sampled_from(["GET", "POST", "-"])),
    "REQ(X-ENVOY-ORIGINAL-PATH?:PATH)": ("path", TOKEN),
    "PROTOCOL": ("protocol", st.sampled_from(["HTTP/1.1", "HTTP/2", "-"])),
    "RESPONSE_CODE": ("response_code", NUMBER),
    "BYTES_SENT": ("bytes_sent", NUMBER),
    "DURATION": ("duration_ms", NUMBER),
    "REQ(USER-AGENT)": ("user_agent", TEXT),
    "REQ(X-FORWARDED-FOR)": ("x_forwarded_for", TEXT),
    "UPSTREAM_CLUSTER_RAW": ("upstream_cluster", TOKEN.map(lambda t: t.rstrip(";") or "c")),
    "ROUTE_NAME": ("route_name", TOKEN),
    "REQ(X-TENANT):12": (None, TEXT),
    "CONNECTION_ID": (None, NUMBER),
}
FREE = {"REQ(USER-AGENT)", "REQ(X-FORWARDED-FOR)", "REQ(X-TENANT):12"}


def expected_value(operator: str, text: str) -> Any:
    column = FIELDS[operator][0]
    if text == "-":
        return None
    return int(text) if column in ("response_code", "bytes_sent", "duration_ms") else text


@st.composite
def rendered(draw: st.DrawFn) -> tuple[str, list[str], dict[str, Any]]:
    """A format string, a line rendered by it, and the values that it holds."""
    operators = draw(st.lists(st.sampled_from(sorted(FIELDS)), min_size=1, max_size=8, unique=True))
    format_string, line, values = "", "", {}
    prefix = draw(st.sampled_from(["", "[%%] ", "access: ", "<"]))
    format_string += prefix
    line += prefix.replace("%%", "%")
    for operator in operators:
        text = draw(FIELDS[operator][1])
        # Free text is told from its neighbours by quotes, as in every format that people use.
        quote = '"' if operator in FREE or draw(st.booleans()) else ""
        separator = draw(st.sampled_from([" ", "\t", " | "]))
        name, _, limit = operator.partition(":12")
        format_string += f"{quote}%{name}{':12' if operator.endswith(':12') else ''}%{quote}{separator}"
        line += f"{quote}{text}{quote}{separator}"
        values[operator] = text
        del limit
    return format_string + "end", [line + "end"], values


@settings(max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rendered())
def test_text_round_trip(case: tuple[str, list[str], dict[str, Any]]) -> None:
    format_string, lines, values = case
    known = custom_format(format_string)
    parsed = parse_lines(pl.Series(lines), (known,))
    assert not parsed.rejects
    assert parsed.row_count == 1, (format_string, lines)
    (rows,) = parsed.rows
    for operator, text in values.items():
        column = FIELDS[operator][0]
        got = rows.columns[column][0] if column else rows.extra[operator.removesuffix(":12")][0]
        if not rows.ambiguous[0]:
            assert got == expected_value(operator, text), (operator, format_string, lines)


ANYTHING = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(max_examples=examples(100), deadline=None)
@given(agent=ANYTHING, path=ANYTHING, tenant=ANYTHING, code=st.integers(0, 599), duration=st.integers(0, 2**40))
def test_json_round_trip_with_everything(agent: str, path: str, tenant: str, code: int, duration: int) -> None:
    entry = {
        "ua": agent,
        "where": {"path": path},
        "tenant": tenant,
        "code": code,
        "took": duration,
        "n": None,
    }
    template = {
        "ua": "%REQ(USER-AGENT)%", "where": {"path": "%REQ(:PATH)%"}, "tenant": "%REQ(X-TENANT)%",
        "code": "%RESPONSE_CODE%", "took": "%DURATION%", "n": "%REQ(X-N)%",
    }  # fmt: skip
    known = custom_format(json.dumps(template))
    (rows,) = parse_lines(pl.Series([json.dumps(entry)]), (known, *load_formats())).rows
    dash = {"-": None}
    assert rows.columns["user_agent"][0] == dash.get(agent, agent)
    assert rows.columns["path"][0] == dash.get(path, path)
    assert rows.columns["response_code"][0] == code
    assert rows.columns["duration_ms"][0] == duration
    assert rows.extra["tenant"][0] == dash.get(tenant, tenant)


def test_json_template_with_composed_values_and_times(parse: Callable[..., Any]) -> None:
    template = '{"when":"%START_TIME(%s.%3f)%","req":"%REQ(:METHOD)% %REQ(:PATH)%","static":"x","to":"%UPSTREAM_HOST%"}'
    line = b'{"to":"10.0.0.1:80","req":"GET /a b","when":"1772359200.125","static":"x"}\n'
    (row,) = parse(line, log_format=template).rows
    assert row["start_time"] == datetime(2026, 3, 1, 10, 0, 0, 125000, UTC)
    assert (row["method"], row["path"], row["upstream_host"]) == ("GET", "/a b", "10.0.0.1:80")
    assert row["extra"]["static"] == "x"


@pytest.mark.parametrize("known", [f for f in load_formats() if f.pattern], ids=lambda f: f.name)
def test_both_paths_agree_on_samples(known: Any) -> None:
    """The split plan and the anchored path give the same texts for every line that fits the plan."""
    plan = compile_plan(known.pattern)
    assert plan is not None
    lines = pl.Series([sample.line for sample in known.samples])
    positions, texts = run_plan(plan, lines)
    assert len(positions)
    for row, place in enumerate(positions):
        reading = read_line(known.pattern, lines[place])
        assert reading is not None
        assert not reading.ambiguous
        assert list(reading.texts) == [texts[i][row] for i in range(len(known.pattern.fields))]


def test_format_option_wins_over_known_formats(parse: Callable[..., Any], tmp_path: Path) -> None:
    (row,) = parse(b"10.0.0.1:80 503\n", log_format="%UPSTREAM_HOST% %RESPONSE_CODE%").rows
    assert (row["upstream_host"], row["response_code"], row["log_kind"]) == ("10.0.0.1:80", 503, "http")
