"""The session: one locked, read-only DuckDB over the Parquet files of one parse."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from analysis.catalog import (
    FLAG_COLUMNS,
    NETWORK_COLUMNS,
    closure,
    load_catalog,
    mentioned,
    reads_database_catalog,
)
from analysis.failover.judge import judge
from analysis.hints import explain_failure
from analysis.labels import create_labels, label_entries, label_rows
from analysis.networks import network_rows
from analysis.options import Options
from analysis.running import TimeLimit, run_stoppable
from analysis.shifts.judge import judge_shifts
from analysis.statements import check_statement, write_literal
from ingest.errors import QueryError
from ingest.flags import load_flags
from ingest.schema import schema_of

T = TypeVar("T")

#: Rows in a batch of a stream.
_STREAM_ROWS = 100_000

#: What fills the tables that SQL alone cannot.
_JUDGES = {"judged_failovers": judge, "shifts": judge_shifts}


class EvidenceReader(Protocol):
    """Gives back raw log lines."""

    def read_lines(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], bytes]:
        """Return the raw bytes of each wanted (source, line) that can still be read."""


class ParsedFiles(Protocol):
    """What ingest.parse returns, as far as a session needs it."""

    @property
    def access_log(self) -> tuple[Path, ...]: ...  # noqa: D102
    @property
    def rejects(self) -> tuple[Path, ...]: ...  # noqa: D102
    @property
    def sources(self) -> tuple[Path, ...]: ...  # noqa: D102
    @property
    def inventory(self) -> tuple[Path, ...]: ...  # noqa: D102
    @property
    def outlier_events(self) -> tuple[Path, ...]: ...  # noqa: D102
    @property
    def mesh_config(self) -> tuple[Path, ...]: ...  # noqa: D102
    @property
    def endpoint_counters(self) -> tuple[Path, ...]: ...  # noqa: D102
    @property
    def warnings(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def evidence(self) -> EvidenceReader: ...  # noqa: D102


class Session:
    """SQL over one parse: relations are built when a query first needs them.

    Use as a context manager, or call `close`. Not safe for use by several threads.
    """

    def __init__(self, parsed: ParsedFiles, options: Options, memory: str | None = None) -> None:
        self.options = options
        self._memory = memory
        self.warnings = parsed.warnings
        self.evidence = parsed.evidence
        self._parsed = parsed
        self._built: set[str] = set()
        self._commented: set[str] = set()
        self._spill = tempfile.TemporaryDirectory(prefix="hopline-duckdb-")
        self._connection = _connect(parsed, options, Path(self._spill.name), memory)
        self._built.update(name for name, relation in load_catalog().items() if relation.statement is None)

    def sql(
        self, query: str, params: Mapping[str, object] | None = None, *, timeout_s: float | None = None
    ) -> pa.Table:
        """Run one SELECT and return its rows.

        `params` gives values for `$name`; text is cast to what it is compared with. Times are timestamp[us, UTC];
        integers wider than 64 bits come as int64 where they fit. Raises QueryError when the query does not parse, is
        not allowed, fails, or has not ended after `timeout_s` seconds; the message is DuckDB's own, with its caret.
        """

        def run() -> pa.Table:
            return _narrow(self._start(self._connection, query, params).to_arrow_table())

        return self._run(run, self._connection, query, TimeLimit(timeout_s))

    def stream(
        self, query: str, params: Mapping[str, object] | None = None, *, timeout_s: float | None = None
    ) -> pa.RecordBatchReader:
        """Run one SELECT and return its rows a batch at a time: memory is bounded however many there are.

        As `sql`, but an integer that does not fit 64 bits raises QueryError, and `timeout_s` bounds the time until the
        last batch. Reading on raises QueryError as well. The session can be asked other things meanwhile.
        """
        limit = TimeLimit(timeout_s)
        cursor = self._connection.cursor()
        _set_variables(cursor, self.options)

        def start() -> pa.RecordBatchReader:
            return self._start(cursor, query, params).to_arrow_reader(_STREAM_ROWS)

        reader = self._run(start, cursor, query, limit)
        schema = _narrow_schema(reader.schema)

        def read() -> Iterator[pa.RecordBatch]:
            try:
                while (batch := self._run(partial(next, reader, None), cursor, query, limit)) is not None:
                    yield _narrow_batch(batch, schema)
            finally:
                cursor.close()

        return pa.RecordBatchReader.from_batches(schema, read())

    @contextmanager
    def holding(self, name: str, query: str, params: Mapping[str, object] | None = None) -> Iterator[None]:
        """Have the rows of a SELECT under a name of its own, for many questions about them, as long as this lasts.

        Raises QueryError as `sql` does, and where `name` is not a plain name, or one that a table or view has.
        """
        if not _NAME.fullmatch(name) or name.lower() in load_catalog():
            raise QueryError(
                f"{name!r} cannot be a name for rows", hint="Take letters, digits and _, and no known table."
            )

        def run() -> None:
            self._start(self._connection, query, params).create(name)

        self._run(run, self._connection, query, TimeLimit(None))
        try:
            yield
        finally:
            self._connection.execute(f"DROP TABLE {name}")

    def _start(
        self, connection: duckdb.DuckDBPyConnection, query: str, params: Mapping[str, object] | None
    ) -> duckdb.DuckDBPyRelation:
        statement = check_statement(connection, query, params)
        self._build(_find_relations(statement))
        if reads_database_catalog(statement):
            self._comment()
        return connection.sql(statement, params=dict(params) if params else None)

    def _run(self, work: Callable[[], T], connection: duckdb.DuckDBPyConnection, query: str, limit: TimeLimit) -> T:
        try:
            return run_stoppable(work, lambda: _interrupt(connection, self._connection), limit)
        except duckdb.Error as error:
            message, hint = explain_failure(str(error), query)
            raise QueryError(message, hint=hint) from error

    def narrow(self, options: Options) -> Session:
        """Return another session over the same files, by other choices; it has to be closed as well."""
        return Session(self._parsed, options, self._memory)

    def close(self) -> None:
        """Release the database and its temporary files."""
        self._connection.close()
        self._spill.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _build(self, names: set[str]) -> None:
        for name in closure(names):
            relation = load_catalog()[name]
            if name in self._built or relation.statement is None:
                continue
            with self._transaction():
                self._connection.execute(parse_own(relation.statement))
                if name in _JUDGES:
                    _JUDGES[name](self._connection, self.options)
            self._built.add(name)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """Have what is done wholly there or not there: a query may be stopped while something is being built for it."""
        self._connection.begin()
        try:
            yield
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise

    def _comment(self) -> None:
        """Write the headers of what is built into DuckDB's own catalog, which has no place for a macro's columns.

        Only where it is asked: a thousand statements take half a second.
        """
        written: list[str] = []
        for relation in map(load_catalog().__getitem__, sorted(self._built - self._commented)):
            if relation.statement is None:
                continue
            kind = "MACRO TABLE" if relation.kind == "macro" else relation.kind
            written.append(f'COMMENT ON {kind} "{relation.name}" IS {write_literal(relation.question)}')
            written += (
                f'COMMENT ON COLUMN {relation.name}."{column.name}" IS {write_literal(column.comment)}'
                for column in (() if relation.kind == "macro" else relation.columns)
            )
        if written:
            with self._transaction():
                self._connection.execute(";\n".join(written))
        self._commented.update(self._built)


def open_session(parsed: ParsedFiles, options: Options | None = None, *, memory: str | None = None) -> Session:
    """Open a session over the files that ingest.parse wrote.

    `memory` is how much DuckDB may take, such as "1GB", before it puts things aside on disk; by default 80% of what the
    machine has. What cannot be put aside fails beyond it.
    """
    return Session(parsed, options or Options(), memory)


_PARSER_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "1",
    "async_threads": "0",
}
_PARAMETER = re.compile(r"\$\w+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@cache
def _parser() -> duckdb.DuckDBPyConnection:
    """Return a database that holds nothing: with views in it, parsing would open their files."""
    return duckdb.connect(":memory:", config=_PARSER_SETTINGS)


@cache
def parse_own(statement: str) -> duckdb.Statement:
    """Return one of our own statements, parsed once for all sessions: that is a fifth of what a small log takes."""
    (parsed,) = _parser().extract_statements(statement)
    return parsed


def _find_relations(statement: str) -> set[str]:
    """Return the relations that a statement reads, by DuckDB's own parser where that can tell without them.

    An alias such as `count(*) AS requests` must not build a view over the whole log.
    """
    words = mentioned(statement)
    if words == set(load_catalog()):
        return words
    try:
        # A parameter has no value here, and needs none.
        named = {name.lower() for name in _parser().get_table_names(_PARAMETER.sub("NULL", statement))}
    except duckdb.Error:
        return words
    return {name for name in words if name in named or load_catalog()[name].kind == "macro"}


def _connect(parsed: ParsedFiles, options: Options, spill: Path, memory: str | None) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB that can read exactly the given files, and can no longer be told otherwise."""
    files: dict[str, tuple[Path, ...]] = {
        "access_log_files": parsed.access_log,
        "rejects": parsed.rejects,
        "source_files": parsed.sources,
        "inventory": parsed.inventory,
        "outlier_events": parsed.outlier_events,
        "mesh_config": parsed.mesh_config,
        "endpoint_counters": parsed.endpoint_counters,
    }
    # On disk, so that tables are compressed and memory stays bounded, however long the log.
    connection = duckdb.connect(
        spill / "session.duckdb",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(spill),
            "python_enable_replacements": "false",
            **({"memory_limit": memory} if memory else {}),
        },
    )
    connection.execute("SET GLOBAL TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    # The file is thrown away: nobody reads it after a crash, or after its end.
    connection.execute("SET GLOBAL fsync_mode = 'NONE'")
    connection.execute("PRAGMA disable_checkpoint_on_shutdown")
    # A progress bar would write to standard output, which carries data only.
    connection.execute("SET enable_progress_bar = false")
    paths = ", ".join(write_literal(str(path.resolve())) for group in files.values() for path in group)
    connection.execute(f"SET allowed_paths = [{paths}]")
    connection.execute("SET enable_external_access = false")
    labels = tuple(getattr(parsed, "labels", ()))
    if labels:
        create_labels(connection, labels)
    for name, group in files.items():
        listed = ", ".join(write_literal(str(path.resolve())) for path in group)
        read = f"SELECT * FROM read_parquet([{listed}])"
        if labels and name == "access_log_files":
            read = label_entries(group, labels)
        elif labels and name != "source_files":
            read = label_rows(group)
        try:
            connection.execute(f"CREATE VIEW {name} AS {read}")
        except duckdb.Error as error:  # a file that is not as it was written
            message, hint = explain_failure(str(error), "")
            raise QueryError(message, hint=hint) from error
    flags = [{name: getattr(flag, name) for name, _, _ in FLAG_COLUMNS} for flag in load_flags().values()]
    _create_table(connection, "response_flags", pa.Table.from_pylist(flags, schema_of(FLAG_COLUMNS)))
    networks = pa.Table.from_pylist(network_rows(options.networks), schema_of(NETWORK_COLUMNS))
    _create_table(connection, "networks", networks)
    _set_variables(connection, options)
    connection.execute("SET lock_configuration = true")
    return connection


def _set_variables(connection: duckdb.DuckDBPyConnection, options: Options) -> None:
    """Tell the views what was asked: variables belong to one connection."""
    asked = options.objectives
    for name, number in (
        ("max_failover_s", asked.max_failover_s),
        ("max_failed", asked.max_failed),
        ("slo", asked.slo),
    ):
        connection.execute(f"SET VARIABLE {name} = CAST($value AS DOUBLE)", {"value": number})
    for name, moment in (("since", options.since), ("until", options.until), ("fault_at", asked.fault_at)):
        text = moment.isoformat() if moment else None
        connection.execute(f"SET VARIABLE {name} = CAST($value AS TIMESTAMPTZ)", {"value": text})
    for name, text in (("primary_group", options.primary), ("service", options.service)):
        connection.execute(f"SET VARIABLE {name} = CAST($value AS VARCHAR)", {"value": text})
    services, groups = (
        (list(names) for names in zip(*options.primaries, strict=True)) if options.primaries else ([], [])
    )
    connection.execute(
        "SET VARIABLE primaries = MAP(CAST($services AS VARCHAR[]), CAST($groups AS VARCHAR[]))",
        {"services": services, "groups": groups},
    )


def _interrupt(*connections: duckdb.DuckDBPyConnection) -> None:
    for connection in connections:
        connection.interrupt()


def _create_table(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    connection.register("given_rows", rows)
    connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given_rows")
    connection.unregister("given_rows")


def _is_wide(type_: pa.DataType) -> bool:
    """Say whether a type is that of DuckDB's 128-bit sums, which arrive as decimals."""
    return bool(pa.types.is_decimal(type_) and type_.scale == 0)


def _narrow_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field.with_type(pa.int64()) if _is_wide(field.type) else field for field in schema])


def _narrow_batch(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    try:
        return batch.cast(schema)
    except pa.ArrowInvalid as error:
        raise QueryError(
            f"an integer does not fit 64 bits: {error}",
            hint="Cast it in the query: CAST(... AS DOUBLE), or AS VARCHAR.",
        ) from error


def _narrow(table: pa.Table) -> pa.Table:
    """Turn 128-bit sums into int64 where they fit."""
    for i, field in enumerate(table.schema):
        if _is_wide(field.type):
            try:
                column = pc.cast(table.column(i), pa.int64())
            except pa.ArrowInvalid:
                continue
            table = table.set_column(i, field.name, column)
    return table
