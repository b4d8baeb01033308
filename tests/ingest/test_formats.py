"""Every known format reads its own samples; a new format is one new file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import FormatError
from ingest.flags import load_flags
from ingest.formats import LogFormat, load_formats, read_format
from ingest.operators import load_operators
from ingest.schema import ACCESS_LOG

SAMPLES = [
    pytest.param(known, number, id=f"{known.name}-{number}")
    for known in load_formats()
    for number in range(len(known.samples))
]


def check_row(row: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, want in expected.items():
        got = row[name]
        if name == "start_time":
            assert got == datetime.fromisoformat(want)
        elif name == "extra":
            assert {key: got.get(key) for key in want} == want
        else:
            assert got == want, name


@pytest.mark.parametrize(("known", "number"), SAMPLES)
def test_sample_gives_its_row(known: LogFormat, number: int, parse: Callable[..., Any]) -> None:
    sample = known.samples[number]
    result = parse(sample.line.encode() + b"\n")
    (row,) = result.rows
    check_row(row, dict(sample.row))
    assert result.sources[0]["formats"] == [known.name]


def test_every_format_has_samples() -> None:
    assert [known.name for known in load_formats() if not known.samples] == []
    assert len({known.name for known in load_formats()}) == len(load_formats())


def test_all_samples_in_one_file(parse: Callable[..., Any]) -> None:
    """A file may change its format part-way: all parts are read."""
    lines = [sample.line for known in load_formats() for sample in known.samples]
    result = parse("\n".join(lines).encode())
    assert len(result.rows) == len(lines)
    assert set(result.sources[0]["formats"]) == {known.name for known in load_formats()}


MADE_UP = """
name = "made-up"
title = "A made-up format"
description = "Nobody logs like this."
encoding = "text"
rank = 5
pattern = '<%RESPONSE_CODE%> %REQ(:METHOD)%;%REQ(:PATH)%;%UPSTREAM_HOST% took %DURATION% ms (%REQ(X-TENANT)%)'

[[samples]]
line = '<503> GET;/a b;10.0.0.1:80 took 17 ms (blue)'
"""


def test_new_format_is_one_file(parse: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made_up = read_format(MADE_UP + "[samples.row]\nresponse_code = 503\n", "made-up.toml")
    monkeypatch.setattr("ingest.parser.load_formats", lambda: (made_up, *load_formats()))
    result = parse(made_up.samples[0].line.encode())
    (row,) = result.rows
    check_row(row, {"response_code": 503, "path": "/a b", "upstream_host": "10.0.0.1:80", "duration_ms": 17})
    assert row["extra"] == {"REQ(X-TENANT)": "blue"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = 1", "needs description, encoding, title"),
        ("name = ", "not valid TOML"),
        ("name='a'\ntitle='a'\ndescription='a'\nencoding='xml'", "encoding must be"),
        ("name='a'\ntitle='a'\ndescription='a'\nencoding='text'", "has a pattern"),
        (
            "name='a'\ntitle='a'\ndescription='a'\nencoding='text'\npattern='%NO_SUCH%'",
            "not an Envoy operator",
        ),
    ],
)
def test_bad_format_file(text: str, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        read_format(text, "bad.toml")


def test_tables_of_facts_agree_with_the_schema() -> None:
    names = set(ACCESS_LOG.names)
    assert {entry.column for entry in load_operators() if entry.column} <= names
    assert {column for known in load_formats() for column in known.keys.values()} <= names


def test_flags_name_outcomes_of_the_design() -> None:
    outcomes = {
        "client_error", "client_gone", "upstream_error", "upstream_unreachable", "timeout", "no_healthy_upstream",
        "overflow", "no_route", "rejected_by_policy", "rate_limited", "fault_injected", "protocol_error",
    }  # fmt: skip
    flags = load_flags().values()
    assert {flag.outcome for flag in flags if flag.outcome} <= outcomes
    assert {flag.side for flag in flags} <= {"client", "upstream", "gateway", "policy", "none"}
    assert {flag.scope for flag in flags} <= {"http", "tcp", "both"}
