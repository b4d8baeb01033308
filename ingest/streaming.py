"""Logs as a stream of Arrow tables: one block is held at a time, and nothing is written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from ingest import schema
from ingest.arguments import Source, find_sources
from ingest.contents import open_contents
from ingest.errors import SourceError
from ingest.facts import Facts
from ingest.formats import LogFormat
from ingest.log_reader import LogTables
from ingest.mesh_formats import given_formats
from ingest.parser import known_formats
from ingest.pipeline import spool
from ingest.reading import Output, Reading, source_of
from ingest.tables import HeldTable


def stream(
    logs: Sequence[str],
    *,
    log_format: str | None = None,
    log_format_from: Sequence[str] = (),
    stdin: BinaryIO | None = None,
    see_rejects: Callable[[pa.Table], None] = lambda rejects: None,
    warn: Callable[[str], None] = lambda warning: None,
) -> Iterator[pa.RecordBatch]:
    """Yield the rows of `access_log` in record batches, each of a block of some 8 MB of log at most.

    The arguments are those of `ingest.parse`. `see_rejects` gets the lines of each block that could not be read, of the
    schema `ingest.schema.REJECTS`; `warn` a sentence about each source that could not be read, or not to its end.
    Raises SourceError when nothing at all could be read, FormatError for a format that is not valid.
    """
    formats = known_formats(given_formats(log_format, log_format_from))
    sources, warnings = find_sources(logs)
    for warning in warnings:
        warn(warning)
    read: list[Facts] = []
    with tempfile.TemporaryDirectory(prefix="hopline-") as folder:
        for number, source in enumerate(sources):
            yield from _stream_source(spool(source, Path(folder), number, stdin), formats, see_rejects, read)
    failed = [facts for facts in read if facts.error is not None]
    if read and len(failed) == len(read) and not any(facts.entries_read for facts in read):
        raise SourceError(f"{failed[0].source}: {failed[0].error}", hint="Is it a file, and may it be read?")
    for facts in failed:
        warn(f"{facts.source}: {facts.error}")


def _stream_source(
    source: Source, formats: Sequence[LogFormat], see_rejects: Callable[[pa.Table], None], read: list[Facts]
) -> Iterator[pa.RecordBatch]:
    access_log, rejects = HeldTable(schema.ACCESS_LOG), HeldTable(schema.REJECTS)
    output = Output(
        logs=LogTables(access_log=access_log, rejects=rejects),
        sources=HeldTable(schema.SOURCES),
        inventory=HeldTable(schema.INVENTORY),
        outlier_events=HeldTable(schema.OUTLIER_EVENTS),
        mesh_config=HeldTable(schema.MESH_CONFIG),
        endpoint_counters=HeldTable(schema.ENDPOINT_COUNTERS),
    )

    def take() -> Iterator[pa.RecordBatch]:
        if (lost := rejects.take()).num_rows:
            see_rejects(lost)
        yield from access_log.take().combine_chunks().to_batches()

    try:
        with source.path.open("rb") as file:
            status = os.fstat(file.fileno())
            for content in open_contents(file):
                reading = Reading(
                    source_of(source, content), content, formats, output, pool=None, file_number=status.st_ino
                )
                read.append(reading.facts)
                for _ in reading.read(status.st_size):
                    yield from take()
                yield from take()  # what the end of the source left open
    except OSError as error:
        if not read or read[-1].source != source.name:
            read.append(Facts(source.name, source.names))
        read[-1].error = error.strerror or str(error)
