"""hopline: which endpoint, in which cluster, served every request, and what happened when that changed.

    import hopline

    with hopline.open("logs/") as session:
        session.sql("SELECT service, endpoint, requests FROM endpoints").to_polars()
        session.failovers()      # one row each; a notebook shows a table
        session.timeline()       # a plotly figure
        page = hopline.to_html(session.report())

    for batch in hopline.read_logs("logs/"):  # only the rows, a block at a time
        ...

Importing hopline is cheap: polars, DuckDB and plotly are imported when they are first needed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ingest.errors import (
    ConfigError,
    FormatError,
    HoplineError,
    InventoryError,
    OutputError,
    QueryError,
    SourceError,
    StoreError,
    UsageError,
)

if TYPE_CHECKING:
    from analysis import Network, Objectives, Options
    from hopline.result import Result
    from hopline.session import Session
    from hopline.session import open_session as open  # noqa: A004
    from hopline.streams import read_logs
    from ingest import CompiledFormat, compile_format
    from reports import Report, build_report, from_json, to_html, to_json, to_markdown

__all__ = [
    "CompiledFormat",
    "ConfigError",
    "FormatError",
    "HoplineError",
    "InventoryError",
    "Network",
    "Objectives",
    "Options",
    "OutputError",
    "QueryError",
    "Report",
    "Result",
    "Session",
    "SourceError",
    "StoreError",
    "UsageError",
    "__version__",
    "build_report",
    "compile_format",
    "from_json",
    "open",
    "read_logs",
    "to_html",
    "to_json",
    "to_markdown",
]

__version__ = "0.1.0"

#: Public name -> (module, name there) of what is imported only when it is asked for.
_LAZY = {
    "open": ("hopline.session", "open_session"),
    "read_logs": ("hopline.streams", "read_logs"),
    "compile_format": ("ingest", "compile_format"),
    "CompiledFormat": ("ingest", "CompiledFormat"),
    "Network": ("analysis", "Network"),
    "Objectives": ("analysis", "Objectives"),
    "Options": ("analysis", "Options"),
    "Result": ("hopline.result", "Result"),
    "Session": ("hopline.session", "Session"),
    "Report": ("reports", "Report"),
    "build_report": ("reports", "build_report"),
    "from_json": ("reports", "from_json"),
    "to_html": ("reports", "to_html"),
    "to_json": ("reports", "to_json"),
    "to_markdown": ("reports", "to_markdown"),
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'hopline' has no attribute {name!r}")
    module, attribute = _LAZY[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
