"""`log_format_from`: Envoy's format strings out of the files that set them."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import ingest
from ingest.errors import FormatError
from ingest.formats import custom_format, load_formats
from ingest.mesh_formats import given_formats, read_log_formats

TEXT = "%RESPONSE_CODE% <%REQ(:METHOD)%> %UPSTREAM_CLUSTER%\n"
TEMPLATE = {"code": "%RESPONSE_CODE%", "verb": "%REQ(:METHOD)%", "to": {"cluster": "%UPSTREAM_CLUSTER%"}}
FILE_LOG = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog"

MESH = f"""\
accessLogFile: /dev/stdout
accessLogEncoding: TEXT
accessLogFormat: |
  {TEXT}"""
OPERATOR = f"""\
apiVersion: install.istio.io/v1alpha1
kind: IstioOperator
spec:
  meshConfig:
    accessLogFormat: "{TEXT.strip()}\\n"
"""
CONFIG_MAP = f"""\
apiVersion: v1
kind: ConfigMap
metadata:
  name: istio
data:
  mesh: |-
    accessLogFile: /dev/stdout
    accessLogEncoding: TEXT
    accessLogFormat: |
      {TEXT.strip()}
    extensionProviders:
    - name: prometheus
  meshNetworks: 'networks: {{}}'
"""
PROVIDERS = f"""\
apiVersion: telemetry.istio.io/v1
kind: Telemetry
spec:
  accessLogging:
  - providers: [{{name: mine}}]
---
meshConfig:
  extensionProviders:
  - name: mine
    envoyFileAccessLog:
      path: /dev/stdout
      logFormat:
        text: |
          {TEXT}
"""
LABELS = """\
extensionProviders:
- name: mine
  envoyFileAccessLog:
    logFormat:
      labels:
        code: "%RESPONSE_CODE%"
        verb: "%REQ(:METHOD)%"
        to:
          cluster: "%UPSTREAM_CLUSTER%"
"""
OTEL = LABELS.replace("envoyFileAccessLog", "envoyOtelAls")


def envoy_filter(log: str) -> str:
    body = "\n".join(f"            {line}" for line in log.splitlines())
    return f"""\
apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
spec:
  configPatches:
  - applyTo: NETWORK_FILTER
    patch:
      operation: MERGE
      value:
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          access_log:
          - name: envoy.access_loggers.file
{body}
"""


TYPED = f'typed_config:\n  "@type": {FILE_LOG}\n  path: /dev/stdout\n  '
AS_JSON = f"\n  json_format: {json.dumps(TEMPLATE)}"
SINKS = {
    "text_format_source": TYPED + f"log_format:\n    text_format_source:\n      inline_string: {json.dumps(TEXT)}",
    "inline_bytes": TYPED
    + f"log_format:\n    text_format_source: {{inline_bytes: {base64.b64encode(TEXT.encode()).decode()}}}",
    "text_format": TYPED + f"log_format: {{text_format: {json.dumps(TEXT)}}}",
    "format": TYPED + f"format: {json.dumps(TEXT)}",
    "json_format": TYPED + f"log_format: {{json_format: {json.dumps(TEMPLATE)}}}",
    "old json_format": TYPED + f"json_format: {json.dumps(TEMPLATE)}",
    "typed_json_format": TYPED + f"typed_json_format: {json.dumps(TEMPLATE)}",
    "old style": f"config:\n  path: /dev/stdout\n  format: {json.dumps(TEXT)}",
    "camel case": TYPED + f"logFormat: {{textFormatSource: {{inlineString: {json.dumps(TEXT)}}}}}",
    "stdout": TYPED.replace("file.v3.FileAccessLog", "stream.v3.StdoutAccessLog")
    + f"log_format: {{text_format: {json.dumps(TEXT)}}}",
}
DUMP = {
    "configs": [
        {
            "@type": "type.googleapis.com/envoy.admin.v3.ListenersConfigDump",
            "dynamic_listeners": [
                {
                    "active_state": {
                        "listener": {
                            "name": "0.0.0.0_8080",
                            "access_log": [
                                {
                                    "name": "envoy.access_loggers.file",
                                    "typed_config": {
                                        "@type": FILE_LOG,
                                        "log_format": {"text_format_source": {"inline_string": TEXT}},
                                    },
                                }
                            ],
                        }
                    }
                }
            ],
        }
    ]
}
FILES = {
    "mesh config": MESH,
    "operator": OPERATOR,
    "config map": CONFIG_MAP,
    "json of the config map": json.dumps({"kind": "ConfigMap", "data": {"mesh": MESH}}),
    "providers": PROVIDERS,
    "labels": LABELS,
    "open telemetry": OTEL,
    "config dump": json.dumps(DUMP, indent=1),
    **{f"envoy filter, {name}": envoy_filter(log) for name, log in SINKS.items()},
    "mesh as json": MESH.replace("TEXT", "JSON").partition("accessLogFormat")[0]
    + f"accessLogFormat: {json.dumps(json.dumps(TEMPLATE))}\n",
}


@pytest.mark.parametrize("name", FILES)
def test_format_of_a_file(name: str, tmp_path: Path, parse: Callable[..., Any]) -> None:
    path = tmp_path / "config"
    path.write_text(FILES[name])
    (found,) = read_log_formats(str(path))
    if found.startswith("{"):
        assert json.loads(found) == TEMPLATE
        line = json.dumps({"code": 503, "verb": "GET", "to": {"cluster": "outbound|80||a"}})
    else:
        assert found.strip() == TEXT.strip()
        line = "503 <GET> outbound|80||a"
    (row,) = parse(line.encode(), log_format_from=[str(path)]).rows
    assert (row["response_code"], row["method"], row["upstream_cluster"]) == (503, "GET", "outbound|80||a")


def test_several_formats_are_all_tried(tmp_path: Path, parse: Callable[..., Any]) -> None:
    path = tmp_path / "all.yaml"
    path.write_text(
        "---\n".join((MESH, LABELS, envoy_filter(SINKS["format"]), 'accessLogFormat: "%DURATION%|%PATH%"\n'))
    )
    assert len(read_log_formats(str(path))) == 3
    lines = ["503 <GET> outbound|80||a", '{"code":404,"verb":"PUT","to":{"cluster":"b"}}', "7|/x"] * 2
    result = parse("\n".join(lines).encode(), log_format_from=[str(path)])
    rows = sorted(result.rows, key=lambda row: row["line"])
    assert [(row["response_code"], row["duration_ms"]) for row in rows] == [(503, None), (404, None), (None, 7)] * 2
    assert sorted(result.sources[0]["formats"]) == ["custom", "custom-2", "custom-3"]


def test_given_and_read_formats_come_together(tmp_path: Path) -> None:
    path = tmp_path / "mesh.yaml"
    path.write_bytes(gzip.compress(MESH.encode()))
    assert given_formats("%DURATION%", [str(path), str(path)]) == ("%DURATION%", TEXT)
    assert given_formats(TEXT, [str(path)]) == (TEXT,)


def test_default_format_needs_no_name_of_its_own(tmp_path: Path) -> None:
    istio = next(entry for entry in load_formats() if entry.name == "istio-text")
    path = tmp_path / "mesh.yaml"
    path.write_text(json.dumps({"accessLogFormat": f"{istio.pattern_text}\n"}))
    assert read_log_formats(str(path)) == ()


def test_json_text_with_bare_operators(parse: Callable[..., Any]) -> None:
    text = '{"code": %RESPONSE_CODE%, "verb": "%REQ(:METHOD)%", "ms": %DURATION%}'
    assert custom_format(text).encoding == "text"
    rows = parse(b'{"code": 200, "verb": "GET", "ms": 3}\n{"code": 0, "verb": "-", "ms": -}\n', log_format=text).rows
    assert [(row["response_code"], row["method"], row["duration_ms"]) for row in rows] == [
        (200, "GET", 3),
        (0, None, None),
    ]
    with pytest.raises(FormatError, match="not a valid JSON template"):
        custom_format('{"code": "%RESPONSE_CODE%"')


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\n", r"config: no access-log format is set in it"),
        ("", r"config: no access-log format is set in it"),
        ('accessLogFormat: ""\n', r"config: no access-log format is set in it"),
        ("just words", r"config: no access-log format is set in it"),
        ("a: 1\nb: %RESPONSE_CODE%\n", r"config, line 2, column 4: neither YAML nor JSON: "),
        ("---\na: 1\n---\naccessLogFormat: '%FOO%'\n", r"config: document 2\.accessLogFormat: .*%FOO%"),
        (LABELS.replace("RESPONSE_CODE", "FOO"), r"config: extensionProviders\[0\]\.envoyFileAccessLog\.logFormat\.labels: .*FOO"),  # noqa: E501
        (CONFIG_MAP.replace("RESPONSE_CODE", "FOO"), r"config: data\.mesh: accessLogFormat: .*%FOO%"),
        (CONFIG_MAP.replace("  mesh: |-\n    accessLogFile:", "  mesh: |-\n    : : ["), r"data\.mesh, line 1, column "),
    ],
)  # fmt: skip
def test_errors_name_file_and_place(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        read_log_formats(str(path))


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\xfa", b"\x00\x01\x02", b"\x1f\x8b\x08broken", b"{" * 100_000, b"[" * 100_000]
)
def test_what_is_no_configuration(data: bytes, tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_bytes(data)
    with pytest.raises(FormatError, match="config"):
        read_log_formats(str(path))
    with pytest.raises(FormatError, match="No such file"):
        read_log_formats(str(tmp_path / "none"))
    with pytest.raises(FormatError, match="directory"):
        read_log_formats(str(tmp_path))


def test_aliases_do_not_multiply(tmp_path: Path) -> None:
    levels = "".join(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]\n" for i in range(1, 30))
    path = tmp_path / "bomb.yaml"
    path.write_text(f"l0: &l0 [x]\n{levels}{MESH}")
    assert read_log_formats(str(path)) == (TEXT,)


def test_detect_with_a_file(tmp_path: Path) -> None:
    (tmp_path / "mesh.yaml").write_text(MESH)
    (tmp_path / "x.log").write_text("503 <GET> outbound|80||a\n")
    found = ingest.detect(str(tmp_path / "x.log"), log_format_from=[str(tmp_path / "mesh.yaml")])
    assert (found.formats[0].name, found.confidence) == ("custom", 1.0)
