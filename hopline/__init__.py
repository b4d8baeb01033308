"""hopline: which endpoint, in which cluster, served every request, and what happened when that changed.

    import hopline

    with hopline.open("logs/") as session:
        table = session.sql("SELECT service, endpoint, requests FROM endpoints")   # pyarrow.Table
        page = hopline.to_html(hopline.build_report(session))

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
    from analysis import Network, Options, Session
    from hopline.workspace import open_logs as open  # noqa: A004
    from reports import Report, build_report, from_json, to_html, to_json, to_markdown

__all__ = [
    "ConfigError",
    "FormatError",
    "HoplineError",
    "InventoryError",
    "Network",
    "Options",
    "OutputError",
    "QueryError",
    "Report",
    "Session",
    "SourceError",
    "StoreError",
    "UsageError",
    "__version__",
    "build_report",
    "from_json",
    "open",
    "to_html",
    "to_json",
    "to_markdown",
]

__version__ = "0.1.0"

#: Public name -> (module, name there) of what is imported only when it is asked for.
_LAZY = {
    "open": ("hopline.workspace", "open_logs"),
    "Network": ("analysis", "Network"),
    "Options": ("analysis", "Options"),
    "Session": ("analysis", "Session"),
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
