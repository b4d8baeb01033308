"""Records: rows of a result as values of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, TypeVar

Record = TypeVar("Record")
Row = Mapping[str, Any]


def make_record(kind: type[Record], row: Row, **given: Any) -> Record:
    """Return a record of the model from the columns of a row that bear the names of its fields; `given` wins."""
    values = {}
    for field in fields(kind):  # type: ignore[arg-type]
        value = given[field.name] if field.name in given else row[field.name]
        if isinstance(value, list):
            value = tuple(value)
        elif isinstance(value, datetime):
            value = value.astimezone(UTC)
        values[field.name] = value
    return kind(**values)
