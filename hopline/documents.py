"""Reports that were written as JSON, read again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.errors import SourceError

if TYPE_CHECKING:
    from reports import Report


def read_report(path: Path) -> Report:
    """Return the report in a JSON file (`-` is standard input) that `hopline report --format json` wrote.

    Raises SourceError when it cannot be read, DocumentError when it is no such report; both name the file.
    """
    import reports

    name = "standard input" if str(path) == "-" else str(path)
    try:
        content = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    except OSError as error:
        raise SourceError(f"cannot read {name}: {error.strerror or error}") from error
    try:
        return reports.from_json(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        hint = "Give a file that `hopline report -f json` wrote."
        raise reports.DocumentError(
            f"{name}: not a JSON document: byte {error.start} is not UTF-8", hint=hint
        ) from None
    except reports.DocumentError as error:
        raise reports.DocumentError(f"{name}: {error}", hint=error.hint) from error
