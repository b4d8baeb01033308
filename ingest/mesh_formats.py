"""Envoy's access-log formats out of what configures them: mesh configuration, Telemetry, EnvoyFilter, config dumps.

What is looked for, at any depth of any document of a YAML or JSON file (strings of a ConfigMap included):

accessLogFormat                  of a MeshConfig, an IstioOperator, Helm values or the istio ConfigMap
extensionProviders[].envoy...    logFormat.text and logFormat.labels of the file, gRPC and OpenTelemetry providers
FileAccessLog and its like       log_format.text_format, text_format_source, json_format, and the older format,
                                 json_format, typed_json_format; body and attributes of the OpenTelemetry logger
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ingest.compression import ByteStream
from ingest.errors import FormatError
from ingest.formats import custom_format, load_formats
from ingest.otlp import plain_value

#: A larger file is refused: it is held in memory whole.
MAX_BYTES = 256 << 20

_PROVIDERS = ("envoyFileAccessLog", "envoyHttpAls", "envoyTcpAls", "envoyOtelAls")
_FILE_LOGGERS = ("FileAccessLog", "StdoutAccessLog", "StderrAccessLog")
_EMBEDDED_WORDS = ("accessLogFormat:", '"accessLogFormat"', "logFormat:", '"logFormat"')
_OLD_NAMES = ("envoy.file_access_log", "envoy.access_loggers.file")
_HINT = (
    "Give the file that sets it: meshConfig.accessLogFormat, an extension provider's logFormat, an EnvoyFilter's "
    "access_log, or a /config_dump. The formats that Istio and Envoy use by themselves are known without it."
)


@dataclass(frozen=True)
class FoundFormat:
    """One format: its text as Envoy's format string or JSON template, and where in the file it stands."""

    text: str
    where: str


def read_log_formats(path: str) -> tuple[str, ...]:
    """Return the access-log formats that a configuration file holds, each once, as `--log-format` takes them.

    Formats that are known anyhow are left out. Raises FormatError, naming the file and the place in it, where the
    file cannot be read, holds no access-log format, or holds one that is not valid.
    """
    text = _read_text(path)
    known = {entry.pattern_text for entry in load_formats()}
    formats: dict[str, None] = {}
    found = False
    for entry in find_formats(text, path):
        found = True
        try:
            custom_format(entry.text)
        except FormatError as error:
            raise FormatError(f"{path}: {entry.where}: {error}", hint=error.hint) from error
        if entry.text.rstrip("\n") not in known:
            formats.setdefault(entry.text)
    if not found:
        raise FormatError(f"{path}: no access-log format is set in it", hint=_HINT)
    return tuple(formats)


def given_formats(log_format: str | None, log_format_from: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the formats that a user gave, each once: the one given itself, then those in files. Raises FormatError."""
    texts = dict.fromkeys((log_format,) if log_format else ())
    for path in log_format_from:
        texts.update(dict.fromkeys(read_log_formats(path)))
    return tuple(texts)


def find_formats(text: str, origin: str) -> Iterator[FoundFormat]:
    """Yield the formats in the documents of a YAML or JSON text. Raises FormatError where it is neither."""
    documents = _load_documents(text, origin)
    for number, document in enumerate(documents, start=1):
        start = f"document {number}" if len(documents) > 1 else ""
        try:
            yield from _walk(document, start, set())
        except RecursionError as error:
            raise FormatError(f"{origin}: {start or 'the document'} is nested too deeply") from error


def _read_text(path: str) -> str:
    data = b""
    try:
        with Path(path).open("rb") as file:
            stream = ByteStream(file)
            for chunk in stream.chunks():
                data += chunk
                if len(data) > MAX_BYTES:
                    raise FormatError(f"{path}: larger than {MAX_BYTES >> 20} MiB", hint=_HINT)
    except OSError as error:
        raise FormatError(f"{path}: {error.strerror or error}", hint=_HINT) from error
    if stream.problem:
        raise FormatError(f"{path}: {stream.problem}")
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise FormatError(f"{path}: not a text file (byte {error.start} is not {encoding})", hint=_HINT) from error


def _load_documents(text: str, origin: str) -> list[Any]:
    if text.lstrip()[:1] in ("{", "["):
        try:
            return [json.loads(text)]
        except (ValueError, RecursionError):
            pass  # YAML may begin so as well
    try:
        # Not the loader in C: deep nesting ends the process there.
        return list(yaml.safe_load_all(text))
    except RecursionError as error:
        raise FormatError(f"{origin}: nested too deeply") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise FormatError(
            f"{origin}{place}: neither YAML nor JSON: {problem}",
            hint="A format string must stand in quotes, or in a block (|-).",
        ) from error


def _walk(value: Any, where: str, seen: set[int]) -> Iterator[FoundFormat]:
    """Look at a value and all that is inside it; what an alias repeats is looked at once."""
    if not isinstance(value, dict | list) or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, f"{where}[{index}]", seen)
        return
    yield from _formats_of(value, where)
    for key, inner in value.items():
        place = f"{where}.{key}" if where else str(key)
        if isinstance(inner, str) and _is_embedded(value, inner):
            for found in find_formats(inner, place):
                yield FoundFormat(found.text, f"{place}: {found.where}")
        yield from _walk(inner, place, seen)


def _is_embedded(owner: Mapping[Any, Any], text: str) -> bool:
    """Say whether a string of a mapping is YAML or JSON that may hold a format, as in the istio ConfigMap."""
    return "accessLogFormat" not in owner and ":" in text and any(word in text for word in _EMBEDDED_WORDS)


def _formats_of(value: Mapping[Any, Any], where: str) -> Iterator[FoundFormat]:
    """Yield the formats that the keys of one mapping set."""
    prefix = f"{where}." if where else ""
    mesh = value.get("accessLogFormat")
    if isinstance(mesh, str) and mesh.strip():
        yield FoundFormat(mesh, f"{prefix}accessLogFormat")
    for provider in _PROVIDERS:
        log_format = _mapping(_mapping(value.get(provider)).get("logFormat"))
        yield from _one(log_format.get("text"), f"{prefix}{provider}.logFormat.text")
        yield from _one(log_format.get("labels"), f"{prefix}{provider}.logFormat.labels")
    kind = str(value.get("@type", "")).rpartition(".")[2]
    if kind in _FILE_LOGGERS:
        yield from _formats_of_logger(value, prefix)
    elif kind == "OpenTelemetryAccessLogConfig":
        yield from _one(plain_value(value.get("body")), f"{prefix}body")
        yield from _one(plain_value({"kvlistValue": value.get("attributes")}), f"{prefix}attributes")
    if value.get("name") in _OLD_NAMES:
        yield from _formats_of_logger(_mapping(value.get("config")), f"{prefix}config.")


def _formats_of_logger(logger: Mapping[Any, Any], prefix: str) -> Iterator[FoundFormat]:
    for key in ("format", "json_format", "jsonFormat", "typed_json_format", "typedJsonFormat"):
        yield from _one(logger.get(key), prefix + key)
    for key in ("log_format", "logFormat"):
        log_format = _mapping(logger.get(key))
        for name in ("text_format", "textFormat", "json_format", "jsonFormat"):
            yield from _one(log_format.get(name), f"{prefix}{key}.{name}")
        for name in ("text_format_source", "textFormatSource"):
            source = _mapping(log_format.get(name))
            for inline in ("inline_string", "inlineString"):
                yield from _one(source.get(inline), f"{prefix}{key}.{name}.{inline}")
            for inline in ("inline_bytes", "inlineBytes"):
                yield from _one(_decode(source.get(inline)), f"{prefix}{key}.{name}.{inline}")


def _one(value: Any, where: str) -> Iterator[FoundFormat]:
    """Yield a format that is a string, or an object as its template; nothing for what is neither, or empty."""
    if isinstance(value, str) and value.strip():
        yield FoundFormat(value, where)
    elif isinstance(value, dict) and value:
        yield FoundFormat(json.dumps(value, ensure_ascii=False, default=str), where)


def _decode(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        return base64.b64decode(value, validate=True).decode()
    except ValueError:
        return None


def _mapping(value: Any) -> Mapping[Any, Any]:
    return value if isinstance(value, dict) else {}
