"""What the fuzzer found (tests/fuzz), each as small as it became. PENDING marks what ingest does not do yet."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.ingest.lines import istio_line

TIME = "2026-03-01T10:00:00Z"


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
