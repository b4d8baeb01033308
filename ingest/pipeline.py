"""From arguments to Parquet files: `parse`, the one entrance of this package."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ingest import schema
from ingest.arguments import STDIN, Source, find_inventory, find_sources, identify
from ingest.errors import InventoryError, SourceError
from ingest.evidence import Evidence
from ingest.facts import Facts
from ingest.log_reader import LogTables
from ingest.mesh_formats import given_formats
from ingest.parser import known_formats
from ingest.pool import WorkerPool, count_workers
from ingest.reading import Output, Progress, read_source
from ingest.tables import TableWriter


@dataclass(frozen=True)
class Parsed:
    """Parquet files of the schemas in `ingest.schema`; every tuple holds at least one file.

    `warnings` are sentences for people about sources that could not be read, or not to their end.
    """

    access_log: tuple[Path, ...]
    rejects: tuple[Path, ...]
    sources: tuple[Path, ...]
    inventory: tuple[Path, ...]
    outlier_events: tuple[Path, ...]
    mesh_config: tuple[Path, ...]
    endpoint_counters: tuple[Path, ...]
    warnings: tuple[str, ...]
    evidence: Evidence


def parse(
    logs: Sequence[str],
    *,
    folder: Path,
    inventory: Sequence[str] = (),
    log_format: str | None = None,
    log_format_from: Sequence[str] = (),
    stdin: BinaryIO | None = None,
    workers: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Parsed:
    """Read logs and inventory, and write the public tables as Parquet files into `folder`.

    `logs` are files, folders, globs, `-` or `cluster/gateway=PATH`; `inventory` are files, `FILE@TIME` or
    labelled files; `log_format` is an Envoy format string or JSON template, tried before the known formats, and
    `log_format_from` are files of mesh or proxy configuration that hold such; `stdin` is read for `-` (the process's
    own by default); `workers` is the number of processes (by default as many as pay); `progress` is called after
    every block.

    Raises SourceError where nothing at all could be read, InventoryError where a file given as inventory is
    none, FormatError where a format is not valid, or a file holds none.
    """
    given = given_formats(log_format, log_format_from)
    formats = known_formats(given)
    sources, declared, warnings = find_inputs(logs, inventory, folder=folder, stdin=stdin)
    output = Output(
        logs=LogTables(
            access_log=TableWriter(folder / "access_log.parquet", schema.ACCESS_LOG),
            rejects=TableWriter(folder / "rejects.parquet", schema.REJECTS),
        ),
        sources=TableWriter(folder / "sources.parquet", schema.SOURCES),
        inventory=TableWriter(folder / "inventory.parquet", schema.INVENTORY),
        outlier_events=TableWriter(folder / "outlier_events.parquet", schema.OUTLIER_EVENTS),
        mesh_config=TableWriter(folder / "mesh_config.parquet", schema.MESH_CONFIG),
        endpoint_counters=TableWriter(folder / "endpoint_counters.parquet", schema.ENDPOINT_COUNTERS),
    )
    workers = count_workers() if workers is None else workers
    pool = WorkerPool(workers, folder, given) if workers > 1 else None
    read: list[list[Facts]] = []
    try:
        for number, source in enumerate((*sources, *declared)):
            report = _reporter(progress, source.name, number, len(sources) + len(declared))
            read.append(read_source(source, formats, output, pool=pool, report=report))
    finally:
        if pool is not None:
            pool.close()
    warnings += _judge(read[: len(sources)], read[len(sources) :])
    return Parsed(
        access_log=_files(output.logs.access_log, [part.access_log for part in output.parts]),
        rejects=_files(output.logs.rejects, [part.rejects for part in output.parts]),
        sources=(output.sources.close(),),
        inventory=(output.inventory.close(),),
        outlier_events=(output.outlier_events.close(),),
        warnings=tuple(warnings),
        evidence=Evidence(
            {source.name: source.path for source in (*sources, *declared)},
            {
                facts.source: source.name
                for source, found in zip((*sources, *declared), read, strict=True)
                for facts in found
            },
        ),
        mesh_config=(output.mesh_config.close(),),
        endpoint_counters=(output.endpoint_counters.close(),),
    )


def find_inputs(
    logs: Sequence[str], inventory: Sequence[str], *, folder: Path, stdin: BinaryIO | None = None
) -> tuple[list[Source], list[Source], list[str]]:
    """Return the logs and the inventories that arguments name, and warnings about arguments that name none.

    What can be read only once is copied into `folder`. Raises SourceError where nothing at all is named.
    """
    sources, warnings = find_sources(logs) if logs or not inventory else ([], [])
    declared, more = find_inventory(inventory)
    warnings += more
    # A dump that is given as inventory and also lies in a folder of logs is read once, as inventory.
    known = {identify(source) for source in declared}
    sources = [source for source in sources if identify(source) not in known]
    folder.mkdir(parents=True, exist_ok=True)
    sources = [spool(source, folder, number, stdin) for number, source in enumerate(sources)]
    declared = [spool(source, folder, len(sources) + number, None) for number, source in enumerate(declared)]
    return sources, declared, warnings


def _reporter(
    progress: Callable[[Progress], None] | None, name: str, number: int, count: int
) -> Callable[[int, int, int], None]:
    def report(done: int, total: int, entries: int) -> None:
        if progress is not None:
            progress(Progress(name, number, count, done, total, entries))

    return report


def _judge(logs: Sequence[Sequence[Facts]], inventory: Sequence[Sequence[Facts]]) -> list[str]:
    """Return warnings about sources; raise where none could be read, or an inventory is none."""
    read = [facts for found in logs for facts in found]
    warnings = [f"{facts.source}: {facts.error}" for facts in read if facts.error is not None]
    if read and all(_gave_nothing(facts) for facts in read):
        raise SourceError(warnings[0], hint="Is it a file, and may it be read?")
    for found in inventory:
        for facts in found:
            if facts.error is not None:
                raise InventoryError(f"{facts.source}: {facts.error}")
        if not any(facts.entries_read for facts in found):
            # What `istioctl ... | grep` leaves of a proxy that knows no such endpoint.
            warnings.append(f"{found[0].source}: empty; no endpoint is taken from it")
        elif not any(facts.is_inventory for facts in found):
            raise InventoryError(
                f"{found[0].source}: not an inventory that hopline knows",
                hint="Give Envoy's /clusters, /config_dump?include_eds or event logs, what istioctl proxy-config "
                "endpoints prints, kubectl get pods -o wide, pods or nodes as JSON, or YAML of Istio's resources.",
            )
    return warnings


def _gave_nothing(facts: Facts) -> bool:
    """Say whether a source could not be read: text that ends before its first entry could be, and is truncated."""
    ends_early = facts.truncated and facts.compression == "none"
    return facts.error is not None and not facts.entries_read and not ends_early


def _files(writer: TableWriter, parts: Sequence[Path | None]) -> tuple[Path, ...]:
    """Close a table and return its files; an empty one of its own only where there is no other."""
    written = tuple(path for path in parts if path is not None)
    return (writer.close(), *written) if writer.rows or not written else written


def spool(source: Source, folder: Path, number: int, stdin: BinaryIO | None) -> Source:
    """Copy what can be read only once (standard input, pipes) into the folder, for the evidence."""
    if source.name != STDIN and (source.path.is_file() or source.path.is_dir() or not source.path.exists()):
        return source
    path = folder / f"stream-{number}"
    try:
        with path.open("wb") as copy:
            if source.name == STDIN:
                shutil.copyfileobj(stdin or sys.stdin.buffer, copy, 1 << 20)
            else:
                with source.path.open("rb") as stream:
                    shutil.copyfileobj(stream, copy, 1 << 20)
    except OSError as error:
        raise SourceError(f"{source.name}: {error.strerror or error}") from error
    return replace(source, path=path)
