"""Files whose entries are inside other JSON: query responses, exports, OTLP, arrays. One entry becomes one line.

A container is read as a stream and turned into lines for the rest of the reader: what the container says about
the writer of an entry, and the text of the entry itself (its line breaks, which JSON does not need, taken out).
Memory is bounded by one entry (`json_cursor.MAX_VALUE`), whatever the size of the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from ingest.entry_names import names_of_cloudwatch, names_of_labels
from ingest.json_cursor import (
    MAX_VALUE,
    BrokenJsonError,
    EndedJsonError,
    JsonCursor,
    OverlongJsonError,
    decode_chunks,
)
from ingest.otlp import names_of_resource
from ingest.raw_bytes import load_json, to_encodable

#: Between the names and the entry in a line; JSON text cannot hold it.
SEPARATOR = "\x1f"
#: So much of a broken entry is kept.
KEPT_CHARACTERS = 64 << 10
#: Documents of a file among which a container is looked for.
_DOCUMENTS_TRIED = 20
_BATCH = 1 << 20
_LINE_BREAKS = re.compile(r"[ \t\r]*\n[ \t\r\n]*")

#: The kinds of containers, and what they are for people.
CONTAINERS = {
    "json-array": "a JSON array of entries, or of any of the following",
    "otlp-json": "OpenTelemetry logs (OTLP) as JSON, also one document per line: text of the body, or attributes",
    "loki-response": "a response of Loki's query API",
    "elasticsearch-response": "a search response of Elasticsearch or OpenSearch",
    "datadog-export": "a response or export of Datadog's log search",
    "cloudwatch": "CloudWatch get-log-events, filter-log-events, and subscription exports",
    "query-results": "results of CloudWatch Logs Insights or Splunk",
    "gcp-entries": "a page of Google Cloud Logging entries",
}

#: Keys whose array holds entries: the name of the container, and keys of which an entry has one.
_ENTRY_LISTS: dict[str, tuple[str, frozenset[str]]] = {
    "logRecords": ("otlp-json", frozenset()),
    "log_records": ("otlp-json", frozenset()),
    "logEvents": ("cloudwatch", frozenset({"message"})),
    "events": ("cloudwatch", frozenset({"message"})),
    "hits": ("elasticsearch-response", frozenset({"_source", "fields"})),
    "data": ("datadog-export", frozenset({"attributes"})),
    "logs": ("datadog-export", frozenset({"content", "attributes", "message"})),
    "entries": ("gcp-entries", frozenset({"textPayload", "jsonPayload", "protoPayload", "logName"})),
}
#: Keys whose array holds more containers.
_OUTER_LISTS = frozenset(
    {"resourceLogs", "resource_logs", "scopeLogs", "scope_logs", "instrumentationLibraryLogs", "responses"}
)
#: Keys whose object holds a container.
_OUTER_OBJECTS = frozenset({"hits", "data"})
#: Keys that nothing but a container has: they count in the objects of an array as well.
_SURE = _OUTER_LISTS | {"logRecords", "log_records", "logEvents", "hits"}
_KEYS = _SURE | _ENTRY_LISTS.keys() | _OUTER_OBJECTS | {"result", "results", "values"}
#: Keys beside the entries that say who wrote them.
_ABOUT = frozenset({"resource", "stream", "metric", "logGroup", "logStream", "owner"})


def find_container(sample: bytes) -> str | None:
    """Return the kind of container that a file with this beginning is; None where it is none."""
    head = sample.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if head not in (b"{", b"["):
        return None
    reader = ContainerReader((sample,))
    for _ in reader.entries():
        if reader.kind is not None or reader.documents >= _DOCUMENTS_TRIED or reader.broken:
            break
    return reader.kind


class ContainerReader:
    """Reads the entries of a container; afterwards `problem` and `truncated` say whether it was whole."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.kind: str | None = None
        self.documents = 0
        self.broken = 0
        self.problem: str | None = None
        self.truncated = False
        self._cursor = JsonCursor(decode_chunks(chunks))
        self._names = ""
        self._count = 0

    def lines(self) -> Iterator[bytes]:
        """Yield the entries as lines, many at a time."""
        batch: list[str] = []
        size = 0
        for entry in self.entries():
            batch.append(entry)
            size += len(entry)
            if size >= _BATCH:
                yield _encode(batch)
                batch, size = [], 0
        if batch:
            yield _encode(batch)

    def entries(self) -> Iterator[str]:
        """Yield the entries, each as one line: names, SEPARATOR, text."""
        cursor = self._cursor
        while head := cursor.peek():
            try:
                if head in ",]}":  # what is left of an array around a broken value
                    cursor.take()
                elif head in "{[":
                    self.documents += 1
                    self._names = self._names if self.broken else ""
                    yield from self._array() if head == "[" and not self.broken else self._value(sure=False)
                else:
                    self.broken += 1
                    yield self._entry(cursor.read_line(KEPT_CHARACTERS))
            except BrokenJsonError as error:
                self.broken += 1
                if isinstance(error, EndedJsonError):
                    self.truncated = True
                    self.problem = f"the JSON ends in the middle of entry {self._count + 1}"
                rest = cursor.skip_broken(KEPT_CHARACTERS).strip(", \t\r\n")
                if rest:
                    yield self._entry(rest)
            except OverlongJsonError:
                self.problem = f"entry {self._count + 1} is larger than {MAX_VALUE >> 20} MiB; the rest was not read"
                return

    def _entry(self, text: str) -> str:
        self._count += 1
        return f"{self._names}{SEPARATOR}{_LINE_BREAKS.sub('', text) if chr(10) in text else text}"

    def _array(self) -> Iterator[str]:
        """Read an array that is a document: entries, or containers."""
        is_array = self.kind is None
        for head in self._elements():
            entry = ""
            try:
                for entry in self._value(sure=True):
                    yield entry
            except EndedJsonError:
                self.kind = self.kind or ("json-array" if is_array and head == "{" else None)
                raise
            # Garbage can begin like an array: the first value must be able to hold an entry, and end as one of several.
            is_array = is_array and (head == "{" or (head == '"' and " " in entry))
            is_array = is_array and self._cursor.peek() in ("", ",", "]")
            self.kind = self.kind or ("json-array" if is_array else None)

    def _elements(self) -> Iterator[str]:
        """Go through an array; yields the first character of each element, which the caller takes."""
        cursor = self._cursor
        cursor.take()
        while (head := cursor.peek()) != "]":
            if not head:
                raise EndedJsonError("an array is not closed")
            if head == ",":
                cursor.take()
            else:
                yield head
        cursor.take()

    def _value(self, *, sure: bool, about: Mapping[str, Any] | None = None) -> Iterator[str]:
        """Read a value: the entries in it, or itself as the only one; `sure` wants keys that only containers have."""
        cursor = self._cursor
        if cursor.peek() != "{":
            yield self._entry(cursor.read()[0])
            return
        cursor.keep()
        value = cursor.read_if_held()
        wanted = _SURE if sure else _KEYS
        if isinstance(value, dict) and wanted.isdisjoint(value):
            yield self._entry(cursor.cut() or "")
            return
        cursor.back()
        facts = dict(about or {})
        if isinstance(value, dict):
            facts.update((key, value[key]) for key in _ABOUT & value.keys())
        yield from self._object(facts, wanted)
        text = cursor.cut()
        if text is not None:
            yield self._entry(text)

    def _object(self, facts: dict[str, Any], wanted: frozenset[str]) -> Iterator[str]:
        """Read an object key by key; the text is no longer kept once there are entries in it."""
        cursor = self._cursor
        cursor.take()
        while (head := cursor.peek()) != "}":
            if head == ",":
                cursor.take()
                continue
            key = cursor.read_key()
            head = cursor.peek()
            if key in wanted and head in "{[" and self._holds_entries(key, head, facts):
                cursor.release()
                yield from self._inside(key, head, facts)
            else:
                value = cursor.read()[1]
                if key in _ABOUT:
                    facts[key] = value
        cursor.take()

    def _holds_entries(self, key: str, head: str, facts: Mapping[str, Any]) -> bool:
        """Say whether the array or object at the cursor is what `key` has in a container."""
        if head == "{":
            return key in _OUTER_OBJECTS
        if key in _OUTER_LISTS or key == "result":
            return True
        first = self._cursor.look_inside()
        if key == "values":
            return "stream" in facts and isinstance(first, list)
        if key == "results" and isinstance(first, list):
            return True
        keys = _ENTRY_LISTS.get(key, ("", frozenset({"_raw"})))[1]
        return key in _SURE if first is None else isinstance(first, dict) and (not keys or not keys.isdisjoint(first))

    def _inside(self, key: str, head: str, facts: dict[str, Any]) -> Iterator[str]:
        if head == "{":
            yield from self._object(facts, _KEYS)
            return
        nested = key in _OUTER_LISTS or key == "result"
        if not nested:
            kind = {"values": "loki-response", "results": "query-results"}.get(key)
            self.kind = self.kind if self.kind not in (None, "json-array") else kind or _ENTRY_LISTS[key][0]
            self._names = _names_text(facts)
        for _ in self._elements():
            if nested:
                yield from self._value(sure=False, about=facts)
            else:
                yield self._entry(self._cursor.read()[0])


def _encode(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def _names_text(facts: Mapping[str, Any]) -> str:
    """Return what the keys around a list of entries say about their writer, as JSON; empty for nothing."""
    names = names_of_resource(facts.get("resource"))
    stream = facts.get("stream")
    if isinstance(stream, dict):
        names |= names_of_labels(stream)
    names |= names_of_cloudwatch(facts.get("logGroup"), facts.get("logStream"))
    return json.dumps(names, sort_keys=True) if names else ""


def split_entry(line: bytes) -> bytes:
    """Return the text of an entry out of the line that it became."""
    return line.partition(SEPARATOR.encode())[2]


@lru_cache(maxsize=4096)
def read_names(text: str) -> Mapping[str, str]:
    """Return the names in front of an entry."""
    names = load_json(text) if text else {}
    return {name: to_encodable(value) for name, value in names.items()} if isinstance(names, dict) else {}
