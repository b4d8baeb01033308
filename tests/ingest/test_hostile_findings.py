"""What the fuzzer found (tests/fuzz), each as small as it became. PENDING marks what ingest does not do yet."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ingest.formats import load_formats
from tests.ingest.lines import istio_line
from tests.ingest.test_envelopes import WRAPPED

TIME = "2026-03-01T10:00:00Z"
(CONTOUR,) = (known.samples[0].line for known in load_formats() if known.name == "contour-json")


@pytest.mark.parametrize("key", ["log", "message", "line", "textPayload"])
def test_lone_surrogate_in_the_line_of_an_envelope(key: str, parse: Callable[..., Any]) -> None:
    r"""JSON can spell half of a pair (`\ud80e`); UTF-8 cannot, and the whole run ended with UnicodeEncodeError."""
    good = json.dumps({key: istio_line(), "stream": "stdout"})
    odd = json.dumps({key: istio_line(agent="AGENT"), "stream": "stdout"}).replace("AGENT", "a\\ud80eb")
    result = parse("\n".join([good, odd, good]).encode())
    assert [row["line"] for row in result.rows] == [1, 2, 3]
    assert result.rows[1]["user_agent"] == "a\\ud80eb"
    assert result.rows[1]["request_id"] == result.rows[0]["request_id"]


def test_port_of_thousands_of_digits_in_an_inventory(parse: Callable[..., Any]) -> None:
    """Python refuses to read a number of more than 4,300 digits; the whole run ended with ValueError."""
    good = "outbound|80||shop.example::10.0.0.1:80::health_flags::healthy\n"
    result = parse((good + good.replace("|80|", f"|{'0' * 4301}|").replace("0.1:", "0.2:")).encode())
    assert {(row["address"], row["service_port"]) for row in result.inventory} == {("10.0.0.1", 80), ("10.0.0.2", None)}


def test_an_outlier_event_before_access_log_entries(parse: Callable[..., Any]) -> None:
    """One JSON line that looks like an outlier event turned all entries after it into lines of no interest."""
    event = json.dumps({"action": "EJECT", "upstream_url": "10.0.0.1:80", "cluster_name": "outbound|80||shop.example"})
    result = parse("\n".join([event, istio_line(), istio_line(), istio_line()]).encode())
    assert [row["line"] for row in result.rows] == [2, 3, 4]


def test_reject_of_an_unfinished_line_has_its_bytes(parse: Callable[..., Any]) -> None:
    """A part whose end never came was rejected without the envelope that stands in the file."""
    line = f'{TIME} stdout P [2026-03-01T10:00:00.125Z] "GET'
    result = parse(f"{TIME} stdout F {istio_line()}\n{line}\n".encode())
    assert [(row["line"], row["raw"]) for row in result.rejects] == [(2, line.encode())]


def test_lone_surrogate_in_a_key(parse: Callable[..., Any]) -> None:
    r"""A key of a JSON entry that UTF-8 cannot spell ended the whole run as well."""
    entry = {"start_time": "2026-03-01T10:00:00.125Z", "response_code": 200, "upstream_host": "10.1.2.3:8080"}
    result = parse("\n".join([json.dumps(entry), json.dumps({**entry, "\ud800": "x"}), json.dumps(entry)]).encode())
    assert [row["line"] for row in sorted(result.rows, key=lambda row: row["line"])] == [1, 2, 3]


@pytest.mark.parametrize("key", ["secs_since_last_action", "num_ejections"])
def test_number_beyond_64_bits_in_an_outlier_event(key: str, parse: Callable[..., Any]) -> None:
    """JSON has no largest number, Arrow has; the whole run ended with OverflowError."""
    event = {"action": "EJECT", "upstream_url": "10.0.0.1:80", "cluster_name": "outbound|80||shop.example"}
    result = parse("\n".join(map(json.dumps, ({**event, key: 7}, {**event, key: 2**70}))).encode())
    assert [row[key] for row in result.outlier_events] == [7, None]


#: Files of few lines, half or more of them garbage: the lines, and which of them become rows.
FEW_LINES: dict[str, tuple[list[str], list[int]]] = {
    "one line in two envelopes, and garbage": ([WRAPPED["stern with time"], "6"], [1]),
    "garbage first": (["6", "", "x y", "z", WRAPPED["cri"]], [5]),
    "garbage in an envelope of its own": ([f"{TIME} stdout F x", f"{TIME} stdout F y", WRAPPED["compose"]], [3]),
    "garbage that begins like an array": (['["c"0', CONTOUR, CONTOUR], [2, 3]),
    "garbage that is an array": (['["c","d"]', CONTOUR], [2]),
    "an array of lines": ([json.dumps([istio_line(), "no entry", istio_line()])], [1, 3]),
    "entries with and without an envelope": ([istio_line(), istio_line(), WRAPPED["fluent bit"]], [1, 2, 3]),
    "messages in an envelope": ([f"{TIME} stdout F [2026-03-01 10:00:00.639][14][info][upstream] adding"], []),
}


@pytest.mark.parametrize("name", FEW_LINES)
def test_few_good_lines_among_garbage(name: str, parse: Callable[..., Any]) -> None:
    """Garbage outvoted the lines that say what a file is, and they were counted as no access log."""
    lines, rows = FEW_LINES[name]
    assert [row["line"] for row in parse("\n".join(lines).encode()).rows] == rows


@pytest.mark.parametrize(
    "entry",
    [
        {"method": "GET", "path": "/", "response_code": 200},
        {"@timestamp": TIME, "method": "GET", "path": "/", "duration": 3, "message": "served"},
        {"instance": "a", "time": TIME, "method": "GET", "url": "/", "userAgent": "curl", "latency": "3ms"},
    ],
)
def test_json_of_other_programs(entry: dict[str, Any], parse: Callable[..., Any]) -> None:
    """A few keys that any program could have made an entry of Istio, or of Contour, out of its JSON."""
    assert not parse(json.dumps(entry).encode()).rows


def test_json_of_a_custom_format(parse: Callable[..., Any]) -> None:
    """One key that is Envoy's alone tells an entry, and so do many that are not."""
    entry = {"start_time": TIME, "method": "GET", "path": "/", "protocol": "HTTP/2", "response_code": 200}
    short = {"method": "GET", "response_code": 503, "response_flags": "UH", "team": "web"}
    result = parse("\n".join(map(json.dumps, ({**entry, "duration": 3, "team": "web"}, short))).encode())
    assert [(row["response_code"], row["extra"]) for row in result.rows] == [
        (200, {"team": "web"}),
        (503, {"team": "web"}),
    ]


def test_a_mark_of_byte_order_inside_a_field(parse: Callable[..., Any]) -> None:
    """A field that began with U+FEFF lost it at the head of a block: the reader took it for the mark of a file."""
    line = istio_line(agent="AGENT").replace("AGENT", "\ufeffcurl").replace('"GET ', '"\ufeffGET ')
    rows = parse("\n".join([line, line, line]).encode()).rows
    assert [(row["method"], row["user_agent"]) for row in rows] == [("\ufeffGET", "\ufeffcurl")] * 3
