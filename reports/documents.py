"""The Report as a JSON document, both ways, and the JSON Schema that describes it.

The document has one key per field, null included, in the order of the fields. Times are RFC 3339 in UTC with
microseconds and a Z. The types of the model are the single source: nothing here names a field.
"""

from __future__ import annotations

import json
import math
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from ingest.errors import HoplineError
from reports.model import SCHEMA_VERSION, Report
from reports.soundness import find_flaws

#: Times and numbers that no log holds, and with which no page could be computed.
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
_TOO_LARGE = 1e18


class DocumentError(HoplineError):
    """A JSON document is not a report that this version can read."""


def to_json(report: Report) -> str:
    """Return the report as a JSON document that ends with a newline; the same report gives the same text."""
    return encode_document(report)


def encode_document(value: object) -> str:
    """Return a record as a JSON document that ends with a newline."""
    return _write(_encode(value), "") + "\n"


def from_json(text: str) -> Report:
    """Return the report that `to_json` wrote.

    Raises DocumentError when the text is not JSON, is of another schema version, a field is missing or wrong, or parts
    of it contradict each other.
    """
    report = cast(Report, decode_document(text, Report, SCHEMA_VERSION, "report"))
    if flaw := next(find_flaws(report), None):
        raise DocumentError(flaw)
    return report


def decode_document(text: str, kind: type, version: int, name: str) -> object:
    """Return the record of a kind that `encode_document` wrote; raises DocumentError, which says where it is wrong."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        hint = "Give a file that `hopline report -f json` wrote."
        raise DocumentError(f"not a JSON document: {error}", hint=hint) from error
    found = value.get("schema_version") if isinstance(value, dict) else None
    if found != version:
        raise DocumentError(
            f"schema_version is {json.dumps(found)}, expected {version}",
            hint="Make the report again from the logs.",
        )
    return _decode(value, kind, name)


def write_time(moment: datetime) -> str:
    """Return RFC 3339 in UTC with microseconds: `2026-11-23T20:54:06.214000Z`."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the document."""
    return make_schema(Report, "hopline report", SCHEMA_VERSION)


def make_schema(kind: type, title: str, version: int) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a kind of record of that version, and of all that it holds."""
    definitions: dict[str, Any] = {}
    root = _schema_of(kind, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{title.replace(' ', ':')}:{version}",
        "title": f"{title}, version {version}",
        **root,
        "$defs": _fix_version(dict(sorted(definitions.items())), kind.__name__, version),
    }


def _fix_version(definitions: dict[str, Any], root: str, version: int) -> dict[str, Any]:
    definitions[root]["properties"]["schema_version"] = {"const": version}
    return definitions


def _write(value: Any, indent: str) -> str:
    """Return JSON with one key to a line, and lists of plain values on one line: small, and good to compare."""
    inner = indent + " "
    if isinstance(value, dict) and value:
        rows = [f"{inner}{json.dumps(key)}: {_write(item, inner)}" for key, item in value.items()]
        return "{\n" + ",\n".join(rows) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        rows = [inner + _write(item, inner) for item in value]
        return "[\n" + ",\n".join(rows) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _encode(value: Any) -> Any:
    if is_dataclass(value):
        return {field.name: _encode(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_encode(item) for item in value]
    if isinstance(value, datetime):
        return write_time(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _decode(value: Any, kind: Any, where: str) -> Any:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        if value is None and type(None) in arguments:
            return None
        return _decode(value, next(a for a in arguments if a is not type(None)), where)
    if origin is tuple:
        if not isinstance(value, list):
            raise DocumentError(f"{where}: expected a list")
        if arguments[-1] is Ellipsis:
            return tuple(_decode(item, arguments[0], f"{where}[{n}]") for n, item in enumerate(value))
        if len(value) != len(arguments):
            raise DocumentError(f"{where}: expected {len(arguments)} values")
        return tuple(
            _decode(item, a, f"{where}[{n}]") for n, (item, a) in enumerate(zip(value, arguments, strict=True))
        )
    if is_dataclass(kind):
        return _decode_record(value, cast(type, kind), where)
    return _decode_scalar(value, kind, where)


def _decode_record(value: Any, kind: type, where: str) -> Any:
    if not isinstance(value, dict):
        raise DocumentError(f"{where}: expected an object")
    missing = [field.name for field in fields(kind) if _is_required(field) and field.name not in value]
    if missing:
        raise DocumentError(f"{where}: {missing[0]} is missing")
    hints = _hints(kind)
    names = [field.name for field in fields(kind) if field.name in value]
    return kind(**{name: _decode(value[name], hints[name], f"{where}.{name}") for name in names})


def _is_required(field: Field[Any]) -> bool:
    """Say whether a document must have the field: what came later has a default, as older documents do without."""
    return field.default is MISSING


def _decode_scalar(value: Any, kind: Any, where: str) -> Any:
    if kind is datetime and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise DocumentError(f"{where}: expected a time such as 2026-11-23T20:54:06.214000Z") from None
        if moment.tzinfo is None:
            raise DocumentError(f"{where}: the time has no zone")
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise DocumentError(f"{where}: expected a year from {_FIRST_YEAR} to {_LAST_YEAR}")
        return moment.astimezone(UTC)
    if isinstance(value, int | float) and not abs(value) < _TOO_LARGE:  # that holds for NaN as well
        raise DocumentError(f"{where}: expected a number below {_TOO_LARGE:.0e}")
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind is not datetime and isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise DocumentError(f"{where}: expected {'a time' if kind is datetime else kind.__name__}")


def _schema_of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        inner = next(a for a in arguments if a is not type(None))
        return {"anyOf": [_schema_of(inner, definitions), {"type": "null"}]}
    if origin is tuple:
        if arguments[-1] is Ellipsis:
            return {"type": "array", "items": _schema_of(arguments[0], definitions)}
        items = [_schema_of(a, definitions) for a in arguments]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    if is_dataclass(kind):
        return _record_schema(cast(type, kind), definitions)
    if kind is datetime:
        return {"type": "string", "format": "date-time"}
    return {"type": {bool: "boolean", int: "integer", float: "number", str: "string"}[kind]}


def _record_schema(kind: type, definitions: dict[str, Any]) -> dict[str, Any]:
    name = kind.__name__
    if name not in definitions:
        definitions[name] = {}  # stands for itself while its own fields are described
        hints = _hints(kind)
        definitions[name] = {
            "type": "object",
            "description": " ".join((kind.__doc__ or "").split()),
            "properties": {f.name: _schema_of(hints[f.name], definitions) for f in fields(kind)},
            "required": [f.name for f in fields(kind) if _is_required(f)],
            "additionalProperties": False,
        }
    return {"$ref": f"#/$defs/{name}"}
