"""Envelopes, nested as they come: the same row comes out, with the names that the envelope gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from ingest import reading
from ingest.names import names_from_path
from tests.ingest.lines import istio_line

LINE = istio_line()
TIME = "2026-03-01T10:00:00.225678901Z"
POD = "istio-ingressgateway-6f7d8c9b5-abcde"

WRAPPED = {
    "cri": f"{TIME} stdout F {LINE}",
    "cri with zone": f"2026-03-01T11:00:00.2+01:00 stdout F {LINE}",
    "docker": json.dumps({"log": LINE + "\n", "stream": "stdout", "time": TIME}, separators=(",", ":")),
    "kubectl prefix": f"[pod/{POD}/istio-proxy] {LINE}",
    "kubectl timestamps": f"{TIME} {LINE}",
    "kubectl both": f"[pod/{POD}/istio-proxy] {TIME} {LINE}",
    "stern": f"{POD} istio-proxy {LINE}",
    "stern with colours": f"\x1b[35m{POD}\x1b[0m \x1b[95mistio-proxy\x1b[0m {LINE}",
    "stern with time": f"{POD} istio-proxy {TIME} {LINE}",
    "compose": f"envoy-1  | {LINE}",
    "compose with time": f"envoy_1   | {TIME} {LINE}",
    "syslog": f"<14>Mar  1 10:00:00 node-1 envoy[12]: {LINE}",
    "fluent bit": json.dumps({"stream": "stdout", "logtag": "F", "log": LINE, "kubernetes": {"pod_name": POD, "namespace_name": "istio-system", "host": "node-1"}}),  # noqa: E501
    "filebeat": json.dumps({"@timestamp": TIME, "message": LINE, "kubernetes": {"pod": {"name": POD}, "namespace": "istio-system"}}),  # noqa: E501
    "vector": json.dumps({"message": LINE, "kubernetes": {"pod_name": POD, "pod_namespace": "istio-system"}}),
    "logcli": json.dumps({"labels": {"pod": POD, "namespace": "istio-system"}, "line": LINE, "timestamp": TIME}),
    "gcp": json.dumps({"textPayload": LINE, "resource": {"type": "k8s_container", "labels": {"pod_name": POD, "cluster_name": "c7"}}}),  # noqa: E501
    "elastic": json.dumps({"_index": "x", "_source": {"message": LINE, "kubernetes": {"pod": {"name": POD}}}}),
    "cri in fluent bit": json.dumps({"log": f"{TIME} stdout F {LINE}", "kubernetes": {"pod_name": POD}}),
}  # fmt: skip


@pytest.mark.parametrize("name", WRAPPED)
def test_envelope(name: str, parse: Callable[..., Any]) -> None:
    result = parse((WRAPPED[name] + "\n" + WRAPPED[name] + "\n").encode())
    assert [row["line"] for row in result.rows] == [1, 2], result.rejects
    for row in result.rows:
        assert row["user_agent"] == "curl/8.9.1"
        assert row["route_name"] == "default"
        assert row["start_time"].isoformat() == "2026-03-01T10:00:00.125000+00:00"
        if POD in WRAPPED[name]:
            assert (row["proxy"], row["gateway"], row["role"]) == (POD, "istio-ingressgateway", "ingress")


def test_cluster_of_the_envelope_and_labels(parse: Callable[..., Any], tmp_path: Any) -> None:
    (row,) = parse(WRAPPED["gcp"].encode()).rows
    assert row["cluster_id"] == "c7"
    log = tmp_path / "x.log"
    log.write_text(WRAPPED["gcp"])
    (row,) = parse(f"east/edge={log}").rows
    assert (row["cluster_id"], row["gateway"], row["proxy"], row["role"]) == ("east", "edge", POD, "unknown")


def test_parsed_payload(parse: Callable[..., Any]) -> None:
    payload = {
        "response_code": 503,
        "response_flags": "UH",
        "upstream_cluster": "outbound|80||a",
        "duration": 3,
    }
    (row,) = parse(json.dumps({"jsonPayload": payload, "insertId": "x"}).encode()).rows
    assert (row["response_code"], row["response_flags"], row["duration_ms"]) == (503, ["UH"], 3)


def test_several_pods_in_one_file(parse: Callable[..., Any]) -> None:
    other = "istio-eastwestgateway-6f7d8c9b5-fghij"
    lines = [f"[pod/{POD}/istio-proxy] {LINE}", f"[pod/{other}/istio-proxy] {LINE}", LINE]
    rows = parse("\n".join(lines).encode()).rows
    assert [(row["proxy"], row["role"]) for row in rows] == [
        (POD, "ingress"),
        (other, "east_west"),
        ("access", "unknown"),
    ]
    assert rows[0]["extra"] == {"container": "istio-proxy"}


def test_partial_lines_are_joined(parse: Callable[..., Any]) -> None:
    head, tail = LINE[:100], LINE[100:]
    lines = [
        f"{TIME} stdout F {LINE}",
        f"{TIME} stdout P {head}",
        f"{TIME} stderr F something else",
        f"{TIME} stdout F {tail}",
        f"{TIME} stdout F {LINE}",
    ]
    result = parse("\n".join(lines).encode())
    assert [row["line"] for row in result.rows] == [1, 4, 5]
    assert result.sources[0]["others"] == {"continued": 1, "not_access_log": 1}


def test_partial_lines_across_blocks(parse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = reading.cut_blocks
    monkeypatch.setattr(
        reading,
        "cut_blocks",
        lambda chunks, size, **place: whole(
            (c[i : i + 64] for c in chunks for i in range(0, len(c), 64)), 128, **place
        ),
    )
    parts = [f"{TIME} stdout F {LINE}"] * 3 + [f"{TIME} stdout P {LINE[i : i + 50]}" for i in range(0, 300, 50)]
    result = parse("\n".join([*parts, f"{TIME} stdout F {LINE[300:]}"]).encode())
    assert [row["line"] for row in result.rows] == [1, 2, 3, 10]
    assert result.sources[0]["others"] == {"continued": 6}


def test_partial_line_that_never_ends(parse: Callable[..., Any]) -> None:
    lines = [f"{TIME} stdout F {LINE}", f"{TIME} stdout P {LINE[:100]}", f"{TIME} stdout P {LINE[100:120]}"]
    result = parse("\n".join(lines).encode())
    assert [row["line"] for row in result.rows] == [1]
    assert [(row["line"], row["raw"]) for row in result.rejects] == [(3, lines[2].encode())]
    assert result.sources[0]["others"] == {"continued": 1}


def test_docker_parts(parse: Callable[..., Any]) -> None:
    lines = [
        json.dumps({"log": part, "stream": "stdout", "time": TIME}, separators=(",", ":"))
        for part in (LINE + "\n", LINE[:90], LINE[90:] + "\n")
    ]
    assert [row["line"] for row in parse("\n".join(lines).encode()).rows] == [1, 3]


def test_bytes_and_surrogates_in_json(parse: Callable[..., Any]) -> None:
    entry = {"response_code": 503, "response_flags": "UH", "upstream_cluster": "a", "user_agent": "BYTE"}
    text = istio_line(agent="BYTE")
    lines = [
        json.dumps(entry),
        json.dumps({"log": text, "kubernetes": {"pod_name": POD}}),
        json.dumps({"log": json.dumps(entry) + "\n", "stream": "stdout", "time": TIME}, separators=(",", ":")),
        f"{TIME} stdout F {json.dumps(entry)}",
    ]
    for line in lines:
        (row,) = parse(line.encode().replace(b"BYTE", b"a\xffb")).rows
        assert row["user_agent"] == "a\\xffb"
    for place in ("BYTE", POD):
        assert len(parse(lines[1].replace(place, "a\\ud800b").encode()).rows) == 1


def test_entry_with_a_key_of_a_shipper(parse: Callable[..., Any]) -> None:
    entry = {"response_code": 503, "response_flags": "UH", "upstream_cluster": "a", "message": LINE}
    (row,) = parse(json.dumps(entry).encode()).rows
    assert (row["response_code"], row["upstream_cluster"]) == (503, "a")


def test_few_entries_of_a_shipper_among_many(parse: Callable[..., Any]) -> None:
    other = [json.dumps({"message": "words", "kubernetes": {"pod_name": "shop-1"}})] * 9
    result = parse("\n".join([*other, WRAPPED["fluent bit"]]).encode())
    assert [(row["line"], row["proxy"]) for row in result.rows] == [(10, POD)]
    assert result.sources[0]["others"] == {"not_access_log": 9}


@pytest.mark.parametrize(
    "path",
    [f"bug-report/proxies/istio-system/{POD}/istio-proxy.log", f"dump/istio-system/{POD}/logs.txt"],
)
def test_folder_per_pod(path: str) -> None:
    names = names_from_path(path)
    assert (names.proxy, names.gateway, names.role) == (POD, "istio-ingressgateway", "ingress")
