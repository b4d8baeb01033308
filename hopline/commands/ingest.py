"""`hopline ingest`: parse logs once into a store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hopline.configuration import read_configuration
from hopline.console import say, say_warnings
from hopline.progress import show_progress
from hopline.workspace import DEFAULT_STORE
from ingest.errors import UsageError

if TYPE_CHECKING:
    from ingest.store import Ingested

#: What came of sources, in the words of the summary.
_WORDS = {
    "added": "added",
    "grown": "grown",
    "read_again": "read again (hopline reads them better now)",
    "relabelled": "relabelled",
    "unchanged": "unchanged",
    "empty": "empty",
    "failed": "not read",
}


def ingest(
    logs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="LOGS",
            help="Access logs: files, folders, globs or -; CLUSTER/GATEWAY=PATH says whose they are. "
            "Without any, those that hopline.toml names.",
            show_default=False,
        ),
    ] = None,
    *,
    store: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Folder of the store, made where there is none; `store` in hopline.toml, else ./.hopline.",
            show_default=False,
        ),
    ] = None,
    inventory: Annotated[
        list[str] | None,
        typer.Option("-i", "--inventory", metavar="FILE", help="What the mesh declared or Envoy knew. Repeatable."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="What to read, as TOML; ./hopline.toml if there is one.", show_default=False),
    ] = None,
    log_format: Annotated[
        str | None,
        typer.Option(metavar="FORMAT", help="Envoy's own format string, or a JSON template, of logs of no known one."),
    ] = None,
    log_format_from: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Take the format from mesh or proxy configuration. Repeatable."),
    ] = None,
    keep_raw: Annotated[
        bool,
        typer.Option("--keep-raw", help="Keep the lines too, compressed: reports can show them without the logs."),
    ] = False,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Processes to parse with; one per processor unless given."),
    ] = None,
) -> None:
    """Parse logs once into a store, to ask it often: every verb takes --store DIR in the place of LOGS.

    What the store holds already is not parsed again, under whatever name and compression it comes, and of a log that
    grew only the new lines are.

    hopline ingest /var/log/istio -i clusters.txt && hopline failovers
    """
    from ingest.store import ingest_logs

    told = read_configuration(config)
    named = logs or list(told.logs)
    declared = inventory or list(told.inventory)
    if not named and not declared:
        raise UsageError("missing argument 'LOGS'.", hint="files, folders, globs or -; or `logs` in hopline.toml")
    folder = store or (Path(told.store) if told.store else DEFAULT_STORE)
    with show_progress() as progress:
        done = ingest_logs(
            named,
            store=folder,
            inventory=declared,
            log_format=log_format or told.log_format,
            log_format_from=log_format_from or told.log_format_from,
            stdin=sys.stdin.buffer if "-" in named else None,
            workers=workers,
            keep_raw=keep_raw,
            progress=progress,
        )
    say_warnings(done.warnings)
    say(_summarise(done, folder))


def _summarise(done: Ingested, store: Path) -> str:
    counts = [(words, done.count(status)) for status, words in _WORDS.items()]  # type: ignore[arg-type]
    sources = ", ".join(f"{count:,} {words}" for words, count in counts if count)
    parts = [f"{store}: sources: {sources or 'none'}"]
    entries, rows, duplicates = (
        sum(getattr(outcome, name) for outcome in done.outcomes) for name in ("entries", "rows", "duplicates")
    )
    if entries:
        parts.append(f"{entries:,} new entries, {rows:,} rows of access_log")
    if duplicates:
        parts.append(f"{duplicates:,} lines collected twice, counted once")
    return "; ".join(parts)
