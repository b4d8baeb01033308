"""`hopline formats`: the log formats that are known; what is this file?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from hopline.commands.outputs import ListFormat, Output
from hopline.console import make_printable
from hopline.destination import open_destination
from hopline.writers import TableFormat, choose_format, write_table
from ingest.errors import UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from ingest import Detection


def formats(
    detect: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Say what this file is: a log, a folder, an archive. Repeatable."),
    ] = None,
    given: Annotated[
        str | None,
        typer.Option("--log-format", metavar="FORMAT", help="With --detect: try this format string first."),
    ] = None,
    given_from: Annotated[
        list[str] | None,
        typer.Option("--log-format-from", metavar="FILE", help="With --detect: try the formats of this file first."),
    ] = None,
    output: Output = None,
    format_: ListFormat = None,
) -> None:
    """List the access-log formats that hopline knows and finds out by itself, or say what a file is.

    For any other, --log-format takes Envoy's own format string.
    """
    chosen = choose_format(format_, output)
    if not detect:
        if given or given_from:
            raise UsageError("--log-format and --log-format-from need --detect FILE here")
        write_table(_list_formats(short=chosen in (TableFormat.TABLE, TableFormat.MD)), chosen, output)
        return
    found = list(_detect(detect, given, given_from or ()))
    if chosen is TableFormat.TABLE:
        with open_destination(output) as stream:
            stream.write("\n".join(map(_describe, found)).encode("utf-8", "backslashreplace"))
    else:
        write_table(_tabulate(found), chosen, output)


def _list_formats(*, short: bool) -> pa.Table:
    import pyarrow as pa

    from ingest import load_formats

    rows = [
        {
            "name": each.name,
            "encoding": each.encoding,
            "title": each.title,
            "era": each.era,
            "pattern": each.pattern_text,
        }
        for each in load_formats()
    ]
    table = pa.Table.from_pylist(rows)
    return table.drop_columns(["pattern"]) if short else table


def _detect(arguments: Sequence[str], log_format: str | None, files: Sequence[str]) -> Iterator[Detection]:
    import ingest
    from ingest.arguments import find_sources

    sources, _ = find_sources(arguments)
    for source in sources:
        yield from ingest.detect_all(
            str(source.path), name=source.name, log_format=log_format, log_format_from=tuple(files)
        )


def _describe(found: Detection) -> str:
    """Return what a file is in a few lines: name, then `fact  value`."""
    facts = {"kind": found.kind.replace("_", " ")}
    if found.formats:
        facts["format"] = ", ".join(f"{share.name} ({share.lines:,})" for share in found.formats)
        facts["title"] = found.formats[0].title
        facts["era"] = found.formats[0].era or "-"
    if found.lines_read:
        facts["confidence"] = f"{found.confidence:.1%} of the first {found.lines_read:,} lines"
    facts["envelope"] = ", ".join(found.envelopes) or "none"
    facts["compression"] = found.compression
    if found.first_unfit_line is not None:
        facts["does not fit"] = f"line {found.first_unfit_line}: {_text(found.first_unfit)[:200]}"
    if found.problem:
        facts["problem"] = found.problem
    lines = [f"  {name:<12}  {make_printable(value)}\n" for name, value in facts.items()]
    return "".join((make_printable(found.path), "\n", *lines))


def _tabulate(detections: Sequence[Detection]) -> pa.Table:
    import pyarrow as pa

    return pa.table(
        {
            "path": pa.array([found.path for found in detections], pa.string()),
            "kind": pa.array([found.kind for found in detections], pa.string()),
            "format": pa.array([found.formats[0].name if found.formats else None for found in detections], pa.string()),
            "formats": pa.array(
                [[share.name for share in found.formats] for found in detections], pa.list_(pa.string())
            ),
            "era": pa.array([found.formats[0].era if found.formats else None for found in detections], pa.string()),
            "confidence": pa.array([found.confidence for found in detections], pa.float64()),
            "envelopes": pa.array([list(found.envelopes) for found in detections], pa.list_(pa.string())),
            "compression": pa.array([found.compression for found in detections], pa.string()),
            "lines_read": pa.array([found.lines_read for found in detections], pa.int64()),
            "first_unfit_line": pa.array([found.first_unfit_line for found in detections], pa.int64()),
            "first_unfit": pa.array(
                [None if found.first_unfit is None else _text(found.first_unfit) for found in detections], pa.string()
            ),
            "problem": pa.array([found.problem for found in detections], pa.string()),
        }
    )


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "backslashreplace")
