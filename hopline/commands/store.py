"""`hopline store`: what is in a store, is it whole, and what shall be taken out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hopline.commands.outputs import ListFormat, Output
from hopline.console import say
from hopline.workspace import DEFAULT_STORE
from hopline.writers import TableFormat, choose_format, write_table
from ingest.errors import StoreError

if TYPE_CHECKING:
    import pyarrow as pa

    from ingest.store.reading import NamedSource

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Store = Annotated[Path, typer.Option("--store", metavar="DIR", help="Folder of the store.")]


@app.command(short_help="List the sources of a store.")
def info(store: Store = DEFAULT_STORE, output: Output = None, format_: ListFormat = None) -> None:
    """List the sources of a store: what they are called, what they hold, and whether their logs are still there."""
    from ingest.store import list_sources, open_layout

    chosen = choose_format(format_, output)
    sources = list_sources(open_layout(store))
    is_short = chosen in (TableFormat.TABLE, TableFormat.MD)
    write_table(_tabulate(sources, is_short=is_short), chosen, output)
    rows = sum(each.facts.access_log_rows for each in sources)
    size = sum(file.size for each in sources for segment in each.source.segments for file in segment.files)
    counted = f"{len(sources):,} source{'' if len(sources) == 1 else 's'}"
    say(f"{store}: {counted}, {rows:,} rows of access_log, {size / 1e6:,.1f} MB")


@app.command(short_help="Check every file of a store.")
def verify(store: Store = DEFAULT_STORE, output: Output = None, format_: ListFormat = None) -> None:
    """Read every file of a store and say what is not as it was written; nothing is changed.

    The exit code is 1 where something is damaged, missing or does not belong there.
    """
    import pyarrow as pa

    from ingest.store import verify_store

    chosen = choose_format(format_, output)
    findings = verify_store(store)
    columns = ("path", "kind", "problem", "advice")
    if findings or chosen is not TableFormat.TABLE:
        table = {name: pa.array([getattr(each, name) for each in findings], pa.string()) for name in columns}
        write_table(pa.table(table), chosen, output)
    damages = sum(each.is_damage for each in findings)
    if damages:
        are = "file is not as it" if damages == 1 else "files are not as they"
        raise StoreError(f"{store}: {damages:,} {are} should be")
    say(f"{store}: everything is as it was written")


@app.command(short_help="Take a source out of a store.")
def forget(
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="Its name, its id, or the path of its file.")],
    store: Store = DEFAULT_STORE,
) -> None:
    """Take a source out of a store, with its rows; its log is left alone."""
    from ingest.store import forget_source

    named = forget_source(store, source)
    say(f"{store}: forgot {named.name} ({named.facts.access_log_rows:,} rows of access_log)")


def _tabulate(sources: list[NamedSource], *, is_short: bool) -> pa.Table:
    import pyarrow as pa

    rows = []
    for named in sources:
        row = named.facts.to_row()
        segments = named.source.segments
        rows.append(
            {
                **{name: row[name] for name in ("source", "cluster_id", "gateway", "proxy", "role")},
                **{name: row[name] for name in ("entries_read", "access_log_rows", "rejected")},
                "duplicates": named.duplicates,
                "first_time": row["first_time"],
                "last_time": row["last_time"],
                "segments": len(segments),
                "bytes_stored": sum(file.size for segment in segments for file in segment.files),
                "bytes_read": named.source.length,
                "lines_from": _find_lines(named),
                "source_id": named.source.source_id,
                "content_id": named.source.content_id,
                "ingested_at": named.source.ingested_at,
            }
        )
    table = pa.Table.from_pylist(rows, schema=_schema())
    shown = ("source", "role", "access_log_rows", "rejected", "duplicates", "first_time", "last_time", "lines_from")
    return table.select(shown) if is_short else table


def _schema() -> pa.Schema:
    import pyarrow as pa

    texts = ("source", "cluster_id", "gateway", "proxy", "role")
    counts = ("entries_read", "access_log_rows", "rejected", "duplicates")
    time = pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            *((name, pa.string()) for name in texts),
            *((name, pa.int64()) for name in counts),
            *((name, time) for name in ("first_time", "last_time")),
            *((name, pa.int64()) for name in ("segments", "bytes_stored", "bytes_read")),
            *((name, pa.string()) for name in ("lines_from", "source_id", "content_id")),
            ("ingested_at", time),
        ]
    )


def _find_lines(named: NamedSource) -> str:
    """Say where the lines of a source can be had from: store, log (a file is there; reports check it), or nowhere."""
    if any(file.table == "raw" for segment in named.source.segments for file in segment.files):
        return "store"
    return "log" if any(place.path and Path(place.path).is_file() for place in named.source.places) else "nowhere"
