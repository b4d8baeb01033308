"""A store of a month of traffic, made out of one that was ingested: the same rows again and again, at later times."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest import schema
from ingest.facts import Facts
from ingest.names import Names
from ingest.store.disk import Disk
from ingest.store.layout import Layout, list_manifests, make_aside, make_layout, read_manifest, write_manifest
from ingest.store.manifest import Manifest, Place, Segment, StoredSource
from ingest.store.segments import describe_file
from ingest.tables import TableWriter

_DAYS = 30


def write_month(model: Path, root: Path, rows: int, *, workers: int = 2) -> int:
    """Make a store of about `rows` access-log entries in `root` out of the one source in the store `model`.

    Each copy has its own day's share of a month, its own request ids, and is a source of its own. Returns the rows.
    """
    layout = make_layout(root, Disk())
    (source,) = read_manifest(next(path for _, _, path in list_manifests(Layout(model)))).sources
    parts = [Layout(model).segments / f.name for s in source.segments for f in s.files if f.table == "access_log"]
    held = sum(pq.read_metadata(path).num_rows for path in parts)
    copies = max(1, round(rows / held))
    facts = source.facts("")
    if facts.first_time is None:
        raise ValueError("the model has no times")
    step = timedelta(days=_DAYS) / copies
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        done = [executor.submit(_write_copy, layout.root, parts, source, n, step * n) for n in range(copies)]
        return sum(each.result() for each in done)


def _write_copy(root: Path, parts: Sequence[Path], model: StoredSource, number: int, later: timedelta) -> int:
    layout, disk = Layout(root), Disk()
    source_id = hashlib.sha256(str(number).encode()).hexdigest()[:16]
    folder = layout.segments / source_id / f"{0:014}-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    written = [_write_part(path, folder / f"access_log-{n}.parquet", source_id, later) for n, path in enumerate(parts)]
    files = tuple(describe_file(path, layout.segments) for path in written)
    rows = sum(file.rows for file in files)
    firsts = [file.first_time for file in files if file.first_time is not None]
    lasts = [file.last_time for file in files if file.last_time is not None]
    facts = Facts("", Names(), entries_read=rows, access_log_rows=rows, first_time=min(firsts), last_time=max(lasts))
    name = f"ingress-{number % 4}.log.{number}"
    place = Place(name, "", (), Names("cluster1", "ingress", f"ingress-{number % 4}", "ingress"))
    source = replace(
        model,
        source_id=source_id,
        content_id=hashlib.sha256(name.encode()).hexdigest(),
        history=(),
        solid=None,
        places=(place,),
        segments=(Segment(f"{source_id}/{folder.name}", 0, model.length, files, facts),),
    )
    aside = make_aside(layout, disk)
    write_manifest(layout, Manifest(source_id, 1, (source,)), disk, aside)
    disk.remove(aside)
    return rows


def _write_part(path: Path, out: Path, source_id: str, later: timedelta) -> Path:
    table = pq.read_table(path, schema=schema.ACCESS_LOG)
    count = table.num_rows
    starts = pc.add(table.column("start_time"), pa.scalar(later, pa.duration("us")))
    fresh = duckdb.sql(f"SELECT uuid()::VARCHAR AS id FROM range({count})").to_arrow_table().column("id")
    known = table.column("request_id")
    ids = pc.if_else(pc.is_null(known), pa.scalar(None, pa.string()), fresh.cast(pa.string()))
    changes = {
        "start_time": starts.cast(schema.TIMESTAMP),
        "request_id": ids,
        "source": pa.chunked_array([pa.repeat(pa.scalar(source_id), count)]),
    }
    for name, column in changes.items():
        place = table.schema.get_field_index(name)
        table = table.set_column(place, table.schema.field(place), column)
    writer = TableWriter(out, schema.ACCESS_LOG, lasting=True)
    writer.add(table)
    return writer.close()
