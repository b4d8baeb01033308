"""Lines with stray quotes, forged tails, masks and trims: the real head and the real tail win."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.ingest.lines import istio_line

FORGED = (
    'x" "11111111-forged" "evil.example" "6.6.6.6:666" outbound|666||evil.example 6.6.6.6:1 6.6.6.6:2 6.6.6.6:3 '
    "evil.example evil"
)

#: name -> (fields of the line, columns expected, ambiguous)
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "quote in agent": ({"agent": 'a "b" c'}, {"user_agent": 'a "b" c'}, False),
    "agent ends in a quote": ({"agent": 'a"'}, {"user_agent": 'a"'}, False),
    "agent of quotes": ({"agent": '""'}, {"user_agent": '""'}, False),
    "quote in query": ({"path": '/a?q="x"'}, {"path": '/a?q="x"', "user_agent": "curl/8.9.1"}, False),
    "quote and space in path": ({"path": '/a" b'}, {"path": '/a" b', "response_code": 200}, False),
    "space in path": ({"path": "/a b c"}, {"path": "/a b c", "protocol": "HTTP/1.1"}, False),
    "space in details": (
        {"details": "upstream_reset{connection termination}"},
        {"response_code_details": "upstream_reset{connection termination}"},
        False,
    ),
    "quote in reason": (
        {"reason": 'TLS "x" error'},
        {"upstream_transport_failure_reason": 'TLS "x" error'},
        False,
    ),
    "separator in agent": (
        {"agent": 'a" "b'},
        {"request_id": "0f8f7d1e-53c1-4c0f-9a5e-4a9d0d3b7c11", "x_forwarded_for": "192.0.2.10"},
        True,
    ),
    "forged tail": (
        {"agent": FORGED},
        {
            "upstream_host": "10.1.2.3:8080",
            "upstream_cluster": "outbound|80||shop.example",
            "route_name": "default",
        },
        True,
    ),
    "masked address": (
        {"host": "10.xx.xx.xx:nnnn", "remote": "192.168.nn.nn:0"},
        {"upstream_host": "10.xx.xx.xx:nnnn", "downstream_remote_address": "192.168.nn.nn:0"},
        False,
    ),
    "mask with spaces": (
        {"host": "<the pod's address>:80", "sni": "<some host name>"},
        {"upstream_host": "<the pod's address>:80", "requested_server_name": "<some host name>"},
        False,
    ),
    "masked time": ({"start_time": "2026-03-01T10:nn:nn.nnnZ"}, {"start_time": None, "method": "GET"}, False),
    "semicolon after cluster": (
        {"cluster": "outbound|80||a.b;"},
        {"upstream_cluster": "outbound|80||a.b"},
        False,
    ),
    "internal address": (
        {"host": "envoy://connect_originate/10.0.0.1:8080", "local": "envoy://internal_client_address/"},
        {"upstream_host": "envoy://connect_originate/10.0.0.1:8080"},
        False,
    ),
    "absent": (
        {"host": "-", "forwarded": "-", "service_time": "-", "cluster": "-", "authority": ""},
        {"upstream_host": None, "x_forwarded_for": None, "upstream_service_time_ms": None, "authority": None},
        False,
    ),
    "empty": ({"forwarded": "", "agent": ""}, {"x_forwarded_for": "", "user_agent": ""}, False),
    "tab and escape": ({"agent": "a\tb\x1b[0m"}, {"user_agent": "a\tb\x1b[0m"}, False),
}


@pytest.mark.parametrize("name", CASES)
def test_odd_line(name: str, parse: Callable[..., Any]) -> None:
    fields, expected, ambiguous = CASES[name]
    result = parse("\n".join([istio_line(), istio_line(**fields), istio_line()]).encode())
    assert [row["line"] for row in sorted(result.rows, key=lambda row: row["line"])] == [1, 2, 3], result.rejects
    (row,) = [row for row in result.rows if row["line"] == 2]
    assert {key: row[key] for key in expected} == expected
    assert row["ambiguous"] is ambiguous
    neighbours = [row for row in result.rows if row["line"] != 2]
    assert all(row["user_agent"] == "curl/8.9.1" and not row["ambiguous"] for row in neighbours)


def test_bytes_that_are_not_utf8_cost_their_own_field_only(parse: Callable[..., Any]) -> None:
    line = istio_line(agent="AGENT").encode().replace(b"AGENT", b"caf\xe9 \xff")
    (row,) = parse(line).rows
    assert row["user_agent"] == "caf\\xe9 \\xff"
    assert row["route_name"] == "default"


def test_time_trimmed_off(parse: Callable[..., Any]) -> None:
    (row,) = parse(istio_line().partition("] ")[2].encode()).rows
    assert row["start_time"] is None
    assert row["response_code"] == 200


@pytest.mark.parametrize(
    "line",
    [
        istio_line().replace(" 200 ", " two "),
        istio_line()[:150],
        istio_line().replace('" 200', '"200'),
        istio_line(duration="12ms"),
    ],
)
def test_broken_line_is_rejected_not_guessed(line: str, parse: Callable[..., Any]) -> None:
    result = parse((istio_line() + "\n" + line + "\n").encode())
    assert [(r["line"], r["raw"]) for r in result.rejects] == [(2, line.encode())]
    assert len(result.rows) == 1
