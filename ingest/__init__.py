"""bytes -> Arrow: Envoy access logs and inventories become typed tables.

Importing this package is cheap, so that the errors in it are too (`ingest.errors`): polars and pyarrow are imported
when one of the names below is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.compiled import CompiledFormat, compile_format
    from ingest.detection import Detection, FormatShare, detect, detect_all
    from ingest.evidence import Evidence
    from ingest.flags import Flag, load_flags
    from ingest.formats import LogFormat, load_formats
    from ingest.operators import Operator, load_operators
    from ingest.pipeline import Parsed, parse
    from ingest.reading import Progress
    from ingest.streaming import stream

__all__ = [
    "CompiledFormat",
    "Detection",
    "Evidence",
    "Flag",
    "FormatShare",
    "LogFormat",
    "Operator",
    "Parsed",
    "Progress",
    "compile_format",
    "detect",
    "detect_all",
    "load_flags",
    "load_formats",
    "load_operators",
    "parse",
    "stream",
]

_HOMES = {
    "CompiledFormat": "ingest.compiled",
    "Detection": "ingest.detection",
    "Evidence": "ingest.evidence",
    "Flag": "ingest.flags",
    "FormatShare": "ingest.detection",
    "LogFormat": "ingest.formats",
    "Operator": "ingest.operators",
    "Parsed": "ingest.pipeline",
    "Progress": "ingest.reading",
    "compile_format": "ingest.compiled",
    "detect": "ingest.detection",
    "detect_all": "ingest.detection",
    "load_flags": "ingest.flags",
    "load_formats": "ingest.formats",
    "load_operators": "ingest.operators",
    "parse": "ingest.pipeline",
    "stream": "ingest.streaming",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'ingest' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value
