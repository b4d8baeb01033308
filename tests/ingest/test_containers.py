"""Entries inside other JSON: query responses, exports, OTLP, arrays; one entry is one line."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ingest
from ingest import json_cursor
from ingest.containers import ContainerReader, find_container, split_entry
from tests.ingest.lines import istio_line

POD = "istio-ingressgateway-6f7d8c9b5-abcde"
OTHER = "istio-eastwestgateway-6f7d8c9b5-fghij"
LOG_STREAM = f"fluentbit-kube.var.log.containers.{POD}_istio-system_istio-proxy-{'0123456789abcdef' * 4}.log"
LINES = [istio_line(request_id=f"r{i}", agent='a "quoted" \\ agent', code=200 + i) for i in range(3)]
ENTRY = {
    "start_time": "2026-03-01T10:00:00.125Z",
    "response_code": 503,
    "response_flags": "UH",
    "upstream_cluster": "outbound|80||shop.example",
    "request_id": "r0",
}


def attributes(**values: Any) -> list[dict[str, Any]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in values.items()
    ]


def otlp(*records: dict[str, Any], **resource: str) -> dict[str, Any]:
    return {
        "resourceLogs": [
            {
                "resource": {"attributes": attributes(**resource)},
                "scopeLogs": [{"scope": {}, "logRecords": list(records)}],
            }
        ]
    }


def loki(*streams: tuple[str, list[str]]) -> dict[str, Any]:
    result = [
        {
            "stream": {"pod": pod, "namespace": "istio-system", "cluster": "c7"},
            "values": [[str(1772359200000000000 - i), line] for i, line in enumerate(lines)],
        }
        for pod, lines in streams
    ]
    return {"status": "success", "data": {"resultType": "streams", "result": result, "stats": {"summary": {"x": [1]}}}}


KUBERNETES = {
    "kubernetes": {"pod": {"name": POD}, "namespace": "istio-system"},
    "orchestrator": {"cluster": {"name": "c7"}},
}
TAGS = [f"pod_name:{POD}", "kube_namespace:istio-system", "kube_cluster_name:c7", "env:prod"]
GCP = {"type": "k8s_container", "labels": {"pod_name": POD, "cluster_name": "c7", "namespace_name": "istio-system"}}
BODIES = [{"timeUnixNano": "1", "body": {"stringValue": line}} for line in LINES]

CONTAINERS: dict[str, tuple[str, Any]] = {
    "otlp": ("otlp-json", otlp(*BODIES, **{"k8s.pod.name": POD, "k8s.cluster.name": "c7"})),
    "otlp, old spelling": (
        "otlp-json",
        {"resource_logs": [{"resource": {"attributes": [{"key": "k8s.pod.name", "value": {"string_value": POD}},
                                                        {"key": "k8s.cluster.name", "value": {"string_value": "c7"}}]},
                            "instrumentationLibraryLogs": [{"log_records": [
                                {"time_unix_nano": 1, "body": {"string_value": line}} for line in LINES]}]}]},
    ),
    "loki": ("loki-response", loki((POD, LINES))),
    "elasticsearch": (
        "elasticsearch-response",
        {"took": 3, "hits": {"total": {"value": 3}, "hits": [
            {"_index": "x", "_source": {"message": line, **KUBERNETES}} for line in LINES]}},
    ),
    "elasticsearch, fields": (
        "elasticsearch-response",
        {"hits": {"hits": [{"_id": "1", "fields": {"message": [line], "kubernetes.pod.name": [POD],
                                                   "orchestrator.cluster.name": ["c7"]}} for line in LINES]}},
    ),
    "elasticsearch, several searches": (
        "elasticsearch-response",
        {"responses": [{"hits": {"hits": [{"_source": {"message": line, **KUBERNETES}}]}} for line in LINES]},
    ),
    "datadog": (
        "datadog-export",
        {"data": [{"id": "a", "type": "log", "attributes": {"message": line, "tags": TAGS}} for line in LINES]},
    ),
    "datadog, first version": ("datadog-export", {"logs": [{"content": {"message": line, "tags": TAGS}} for line in LINES]}),  # noqa: E501
    "cloudwatch subscription": (
        "cloudwatch",
        {"messageType": "DATA_MESSAGE", "logGroup": "/aws/containerinsights/c7/application", "logStream": LOG_STREAM,
         "logEvents": [{"id": "1", "timestamp": 1772359200000, "message": line} for line in LINES]},
    ),
    "gcp array": ("json-array", [{"textPayload": line, "resource": GCP} for line in LINES]),
    "gcp list": (
        "gcp-entries", {"entries": [{"textPayload": line, "resource": GCP, "logName": "x"} for line in LINES]}
    ),
    "grafana": (
        "json-array", [{"line": line, "timestamp": "1", "fields": {"pod": POD, "cluster": "c7"}} for line in LINES]
    ),
}  # fmt: skip


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", CONTAINERS)
def test_container(name: str, indent: int | None, parse: Callable[..., Any], tmp_path: Path) -> None:
    kind, document = CONTAINERS[name]
    data = json.dumps(document, indent=indent).encode()
    result = parse(data)
    assert [row["line"] for row in result.rows] == [1, 2, 3], result.rejects
    assert [row["response_code"] for row in result.rows] == [200, 201, 202]
    for row in result.rows:
        assert (row["proxy"], row["gateway"], row["role"], row["cluster_id"]) == (
            POD,
            "istio-ingressgateway",
            "ingress",
            "c7",
        )
        assert row["user_agent"] == 'a "quoted" \\ agent'
    assert result.sources[0]["others"] == {}
    path = tmp_path / "x.json"
    path.write_bytes(data)
    found = ingest.detect(str(path))
    assert (found.kind, found.envelopes[0], found.confidence) == ("access_log", kind, 1.0)


def test_names_win_over_the_path_but_not_over_a_label(parse: Callable[..., Any], tmp_path: Path) -> None:
    log = tmp_path / "loki.json"
    log.write_text(json.dumps(loki((POD, LINES[:1]), (OTHER, LINES[1:2]))))
    assert [(r["proxy"], r["role"]) for r in parse(log).rows] == [(POD, "ingress"), (OTHER, "east_west")]
    (row, _) = parse(f"east/edge={log}").rows
    assert (row["cluster_id"], row["gateway"], row["proxy"]) == ("east", "edge", POD)


def test_evidence_of_an_entry_is_its_own_text(parse: Callable[..., Any]) -> None:
    result = parse(json.dumps(loki((POD, LINES), (OTHER, ["nonsense"])), indent=1).encode())
    (source,) = (row["source"] for row in result.sources)
    lines = result.parsed.evidence.read_lines([(source, 2), (source, 4), (source, 5)])
    assert json.loads(lines[source, 2]) == [str(1772359200000000000 - 1), LINES[1]]
    assert json.loads(lines[source, 4])[1] == "nonsense"
    assert (source, 5) not in lines
    assert result.sources[0]["others"] == {"not_access_log": 1}


def test_reject_holds_the_entry(parse: Callable[..., Any]) -> None:
    bad = LINES[0].replace(" 200 ", " many ")
    result = parse(json.dumps(CONTAINERS["datadog"][1] | {"data": [{"attributes": {"message": bad}}]}).encode())
    (reject,) = result.rejects
    assert json.loads(reject["raw"])["attributes"]["message"] == bad


def test_otlp_attributes_are_the_entry(parse: Callable[..., Any]) -> None:
    given_by_envoy = {"log_name": "otel_envoy_accesslog", "node_name": f"router~10.1.0.9~{POD}.istio-system~x"}
    entry = {key: value for key, value in ENTRY.items() if key != "start_time"}
    record = {"timeUnixNano": "1772359200125000000", "body": {}, "attributes": attributes(**entry)}
    (row,) = parse(json.dumps(otlp(record, **given_by_envoy)).encode()).rows
    assert (row["response_code"], row["response_flags"], row["upstream_cluster"]) == (
        503,
        ["UH"],
        "outbound|80||shop.example",
    )
    assert row["start_time"].isoformat() == "2026-03-01T10:00:00.125000+00:00"
    assert (row["proxy"], row["extra"]["log_name"]) == (POD, "otel_envoy_accesslog")
    assert row["extra"]["namespace"] == "istio-system"


def test_otlp_lines_and_empty_lists(parse: Callable[..., Any]) -> None:
    documents = [otlp(BODIES[0]), otlp(), otlp(*BODIES[1:])]
    result = parse("\n".join(map(json.dumps, documents)).encode())
    assert [row["line"] for row in result.rows] == [1, 2, 3]
    assert result.sources[0]["entries_read"] == 3


@pytest.mark.parametrize("key", ["events", "logEvents"])
def test_cloudwatch_pages(key: str, parse: Callable[..., Any]) -> None:
    shipped = json.dumps({"log": LINES[0], "kubernetes": {"pod_name": POD, "namespace_name": "istio-system"}})
    page = {key: [{"timestamp": 1772359200000, "message": shipped}], "nextForwardToken": "f/1"}
    result = parse(gzip.compress(json.dumps(page).encode()) + gzip.compress(json.dumps(page).encode()))
    assert [(row["line"], row["proxy"]) for row in result.rows] == [(1, POD), (2, POD)]


def test_cloudwatch_insights(parse: Callable[..., Any]) -> None:
    rows = [[{"field": "@message", "value": line}, {"field": "@logStream", "value": LOG_STREAM}] for line in LINES]
    result = parse(json.dumps({"status": "Complete", "results": rows}).encode())
    assert [row["proxy"] for row in result.rows] == [POD] * 3


def test_array_of_entries_that_are_parsed_or_plain(parse: Callable[..., Any]) -> None:
    result = parse(json.dumps([ENTRY, LINES[0], {"jsonPayload": ENTRY, "resource": GCP}]).encode())
    assert sorted((row["line"], row["request_id"]) for row in result.rows) == [(1, "r0"), (2, "r0"), (3, "r0")]


def test_entries_of_other_programs_among_them(parse: Callable[..., Any]) -> None:
    other = [{"message": f"plain words {i}", **KUBERNETES} for i in range(5)]
    result = parse(json.dumps([*other, {"message": LINES[0], **KUBERNETES}, *other]).encode())
    assert [(row["line"], row["proxy"]) for row in result.rows] == [(6, POD)]
    assert result.sources[0]["others"] == {"not_access_log": 10}


def test_late_first_entry(parse: Callable[..., Any]) -> None:
    other = [{"message": f"plain words {i}"} for i in range(600)]
    assert [row["line"] for row in parse(json.dumps([*other, {"message": LINES[0]}]).encode()).rows] == [601]


def test_bulk_lines(parse: Callable[..., Any]) -> None:
    lines = [x for line in LINES for x in ({"index": {"_index": "x"}}, {"message": line, **KUBERNETES})]
    result = parse("\n".join(map(json.dumps, lines)).encode())
    assert [(row["line"], row["proxy"]) for row in result.rows] == [(2, POD), (4, POD), (6, POD)]


def test_broken_entry_loses_no_neighbour(parse: Callable[..., Any]) -> None:
    entries = [json.dumps({"message": line}) for line in LINES]
    data = f"[{entries[0]},{{bro ken}},{entries[1]},\n{entries[2]}]".encode()
    result = parse(data)
    assert sorted(row["line"] for row in result.rows) == [1, 3, 4]
    assert result.sources[0]["entries_read"] == 4


def test_byte_that_is_no_text_costs_its_own_field(parse: Callable[..., Any]) -> None:
    data = json.dumps([{"message": istio_line(agent="BYTE")}]).encode().replace(b"BYTE", b"a\xffb")
    result = parse(data)
    assert [row["user_agent"] for row in result.rows] == ["a\\xffb"]
    source = result.sources[0]["source"]
    assert b"a\xffb" in result.parsed.evidence.read_lines([(source, 1)])[source, 1]


def test_document_that_ends_early(parse: Callable[..., Any]) -> None:
    data = json.dumps(loki((POD, LINES))).encode()
    result = parse(data[: data.index(b"r2")])
    assert [row["line"] for row in result.rows] == [1, 2]
    (source,) = result.sources
    assert source["truncated"]
    assert source["error"] == "the JSON ends in the middle of entry 3"
    assert any("entry 3" in warning for warning in result.parsed.warnings)


@pytest.mark.parametrize("text", ['{"hits":{"hits":[', '{"":3"hits":{"":{"":3}"hits":'])
def test_document_that_ends_before_its_first_entry(text: str, parse: Callable[..., Any]) -> None:
    parsed = parse(text.encode())
    assert parsed.rows == []
    assert parsed.sources[0]["truncated"]
    assert parsed.sources[0]["entries_read"] == 0
    assert parsed.sources[0]["error"] == "the JSON ends in the middle of entry 1"


def test_entry_that_is_too_large(parse: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_cursor, "MAX_VALUE", 5 << 20)
    data = json.dumps([{"message": LINES[0]}, {"message": "x" * (20 << 20)}]).encode()
    result = parse(data)
    assert [row["line"] for row in result.rows] == [1]
    assert "entry 2 is larger than" in result.sources[0]["error"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "[2026-03-01T10:00:00Z] x", '{"a": 1}\n{"b": [1]}', '{"requests": [{"a": 1}]}', "[1, 2", "plain",
     '{"events": 3}', '{"data": {"a": {"b": []}}}'],
)  # fmt: skip
def test_other_files_are_no_containers(text: str) -> None:
    assert find_container(text.encode()) is None


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=20), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.text(max_size=5), inner, max_size=3), max_leaves=8,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from("abc\n\"é"), values, max_size=3), min_size=1, max_size=8),
       st.integers(1, 40), st.sampled_from([None, 1]), st.booleans())  # fmt: skip
def test_entries_come_out_as_they_went_in(
    entries: list[dict[str, Any]], chunk: int, indent: int | None, nested: bool
) -> None:
    document = {"hits": {"hits": [{"_source": entry} for entry in entries]}} if nested else entries
    data = json.dumps(document, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    reader = ContainerReader(data[i : i + chunk] for i in range(0, len(data), chunk))
    lines = b"".join(reader.lines()).split(b"\n")[:-1]
    got = [json.loads(split_entry(line)) for line in lines]
    assert got == ([{"_source": entry} for entry in entries] if nested else entries)
    assert (reader.problem, reader.broken) == (None, 0)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_hostile_bytes(noise: bytes, place: int) -> None:
    data = json.dumps(loki((POD, LINES))).encode()
    reader = ContainerReader((data[:place] + noise + data[place:],))
    assert all(line.count(b"\n") == 0 for line in b"".join(reader.lines()).split(b"\n"))
