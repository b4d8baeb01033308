"""The public tables and views, taken out of a session for other tools: a DuckDB file, or a folder of Parquet files."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from hopline.destination import check_writable
from ingest.errors import OutputError, UsageError

if TYPE_CHECKING:
    import pyarrow as pa

    from analysis import Session
    from analysis.catalog import Relation

#: DuckDB writes so that this version and every later one can read the file.
STORAGE_VERSION = "v1.0.0"


class ExportFormat(StrEnum):
    """What tables can be exported as."""

    DUCKDB = "duckdb"
    PARQUET = "parquet"


def choose_tables(wanted: str | None) -> tuple[Relation, ...]:
    """Return the relations to export: those that `wanted` lists by commas, or all public tables and views.

    Raises UsageError for a name that is no table or view.
    """
    from analysis.catalog import public_relations
    from analysis.hints import find_nearest

    known = {each.name: each for each in public_relations() if each.kind != "macro" and not each.internal}
    if wanted is None:
        return tuple(known.values())
    names = [name.strip() for name in wanted.split(",") if name.strip()]
    for name in names:
        if name not in known:
            near = find_nearest(name, known)
            raise UsageError(
                f"--tables: there is no table or view {name!r}",
                hint=f"did you mean {near}?" if near else "`hopline schema` lists them",
            )
    if not names:
        raise UsageError("--tables names none", hint="such as --tables requests,failovers")
    return tuple(known[name] for name in dict.fromkeys(names))


def check_target(target: Path, format_: ExportFormat) -> None:
    """Raise OutputError now where `target` could not be written later."""
    if format_ is ExportFormat.DUCKDB:
        check_writable(target)
        return
    if target.exists() and not target.is_dir():
        raise OutputError(f"cannot write {target}: it is a file", hint="name a folder for Parquet files")
    if target.is_dir() and any(target.iterdir()):
        raise OutputError(f"cannot write {target}: it is not empty", hint="name a new folder, or empty this one")
    if not target.parent.is_dir():
        raise OutputError(
            f"cannot write {target}: there is no folder {target.parent}", hint=f"mkdir -p {target.parent}"
        )


def export_duckdb(session: Session, target: Path, relations: Sequence[Relation]) -> None:
    """Write the relations as tables of one DuckDB file, which then holds all of them or is not there.

    Their comments go along, and so do the table macros that ask nothing but them. Memory is bounded, whatever the
    number of rows. Raises OutputError where the file cannot be written.
    """
    import duckdb

    from analysis.catalog import load_catalog
    from reports.queries import write_literal

    names = {relation.name for relation in relations}
    macros = [each for each in load_catalog().values() if each.kind == "macro" and names.issuperset(each.needs)]
    with _made_aside(target) as folder, duckdb.connect() as connection:
        aside = folder / "export.duckdb"
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute("SET enable_progress_bar = false")
            connection.execute(
                f"ATTACH {write_literal(str(aside))} AS exported (STORAGE_VERSION {write_literal(STORAGE_VERSION)})"
            )
            connection.execute("USE exported")
            for relation in relations:
                connection.register("rows_of_session", session.stream(f'FROM "{relation.name}"'))
                connection.execute(f'CREATE TABLE "{relation.name}" AS FROM rows_of_session')
                connection.unregister("rows_of_session")
                connection.execute(f'COMMENT ON TABLE "{relation.name}" IS {write_literal(relation.question)}')
                for column in relation.columns:
                    place = f'"{relation.name}"."{column.name}"'
                    connection.execute(f"COMMENT ON COLUMN {place} IS {write_literal(column.comment)}")
            for macro in macros:
                connection.execute(macro.statement or "")
                connection.execute(f'COMMENT ON MACRO TABLE "{macro.name}" IS {write_literal(macro.question)}')
            connection.execute("USE memory")
            connection.execute("DETACH exported")
        except duckdb.IOException as error:
            raise OutputError(f"cannot write {target}: {str(error).splitlines()[0]}") from error
        _rename(aside, target)


def export_parquet(session: Session, target: Path, relations: Sequence[Relation]) -> None:
    """Write each relation to `NAME.parquet` in the folder `target`, which then holds all of them or is not there.

    The comment of a column is in the metadata of its field, the question of a table in that of its schema. Memory is
    bounded, whatever the number of rows. Raises OutputError where the folder cannot be written.
    """
    import pyarrow.parquet as pq

    from hopline.writers.columnar import group_rows

    with _made_aside(target) as folder:
        made = folder / "parquet"
        try:
            made.mkdir()
            for relation in relations:
                reader = session.stream(f'FROM "{relation.name}"')
                schema = _describe(reader.schema, relation)
                with pq.ParquetWriter(made / f"{relation.name}.parquet", schema, compression="zstd") as writer:
                    for table in group_rows(reader):
                        writer.write_table(table.cast(schema))
        except OSError as error:
            raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
        _rename(made, target)


def _describe(schema: pa.Schema, relation: Relation) -> pa.Schema:
    import pyarrow as pa

    comments = {column.name: column.comment for column in relation.columns}
    fields = [field.with_metadata({"comment": comments.get(field.name, "")}) for field in schema]
    return pa.schema(fields, {"comment": relation.question})


@contextmanager
def _made_aside(target: Path) -> Iterator[Path]:
    """Yield a folder beside the target, on the same disk; it is removed in the end, with what is still in it."""
    try:
        folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".part", dir=target.resolve().parent))
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _rename(made: Path, target: Path) -> None:
    """Put what was made in the place of the target, once it is on the disk."""
    try:
        for file in sorted(made.iterdir()) if made.is_dir() else [made]:
            with file.open("rb") as stream:
                os.fsync(stream.fileno())
        place = target.resolve()
        if made.is_dir():
            with suppress(FileNotFoundError):
                place.rmdir()  # only an empty one can be
        made.replace(place)
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror or error}") from error
