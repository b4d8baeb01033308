"""The envelope of entries that came out of a container: the log line inside, and who wrote it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import polars as pl

from ingest.containers import SEPARATOR, read_names
from ingest.entry_names import names_of_labels
from ingest.envelopes import Envelope, Opened
from ingest.masks import make_mask
from ingest.otlp import is_record, open_record
from ingest.raw_bytes import load_json, to_encodable


def _open(lines: pl.Series) -> Opened:
    entries = [_open_one(line) for line in lines]
    keys = sorted({key for _, names in entries for key in names})
    return Opened(
        fits=make_mask(True, len(lines)),
        inner=pl.Series([text for text, _ in entries], dtype=pl.String),
        names={key: pl.Series([names.get(key) for _, names in entries], dtype=pl.String) for key in keys},
    )


def _open_one(line: str) -> tuple[str, Mapping[str, str]]:
    head, _, text = line.partition(SEPARATOR)
    names = read_names(head)
    if text[:1] == "{" and not ('nixNano"' in text or 'nix_nano"' in text):
        return text, names
    try:
        value = load_json(text)
    except (ValueError, RecursionError):
        return text, names
    inner, more = _inner(value, text)
    return inner, {**names, **{name: to_encodable(value) for name, value in more.items()}} if more else names


def _inner(value: Any, text: str) -> tuple[str, Mapping[str, str]]:
    if isinstance(value, str):
        return _on_one_line(value), {}
    if isinstance(value, dict) and is_record(value):
        inner, names = open_record(value)
        return _on_one_line(inner), names
    if isinstance(value, list):
        if len(value) in (2, 3) and isinstance(value[1], str):  # Loki: time, line, and what else is known
            about = value[2] if len(value) == 3 and isinstance(value[2], dict) else {}
            about = about.get("structuredMetadata", about)
            return _on_one_line(value[1]), names_of_labels(about) if isinstance(about, dict) else {}
        if value and all(isinstance(part, dict) and "field" in part for part in value):  # CloudWatch Logs Insights
            return json.dumps({part["field"]: part.get("value") for part in value}), {}
    return text, {}


def _on_one_line(text: str) -> str:
    return to_encodable(text.rstrip("\r\n"))


ENTRIES = Envelope("entries", "entries of a container, one by one", _open)
