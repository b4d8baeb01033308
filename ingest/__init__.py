"""bytes -> Arrow: Envoy access logs and inventories become typed tables.

Importing this package is cheap, so that the errors in it are too (`ingest.errors`): polars and pyarrow are imported
when one of the names below is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.evidence import Evidence
    from ingest.pipeline import Parsed, parse
    from ingest.reading import Progress

__all__ = ["Evidence", "Parsed", "Progress", "parse"]

_HOMES = {
    "Evidence": "ingest.evidence",
    "Parsed": "ingest.pipeline",
    "Progress": "ingest.reading",
    "parse": "ingest.pipeline",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ingest' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
