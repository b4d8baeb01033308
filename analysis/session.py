"""The session: one locked, read-only DuckDB over the Parquet files of one parse."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from analysis.catalog import closure, load_catalog, mentioned
from analysis.failover.judge import judge
from analysis.labels import create_labels, label_rows
from analysis.options import Options
from analysis.statements import check_statement
from ingest.errors import QueryError
from ingest.flags import load_flags


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
    def warnings(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def evidence(self) -> EvidenceReader: ...  # noqa: D102


class Session:
    """SQL over one parse: relations are built when a query first needs them.

    Use as a context manager, or call `close`. Not safe for use by several threads.
    """

    def __init__(self, parsed: ParsedFiles, options: Options) -> None:
        self.options = options
        self.warnings = parsed.warnings
        self.evidence = parsed.evidence
        self._built: set[str] = set()
        self._spill = tempfile.TemporaryDirectory(prefix="hopline-duckdb-")
        self._connection = _connect(parsed, options, Path(self._spill.name))
        self._built.update(name for name, relation in load_catalog().items() if relation.statement is None)

    def sql(self, query: str, params: Mapping[str, object] | None = None) -> pa.Table:
        """Run one SELECT and return its rows.

        `params` gives values for `$name`. Times are timestamp[us, UTC]; integers wider than 64 bits come as int64
        where they fit. Raises QueryError when the query does not parse, is not allowed or fails; the message is
        DuckDB's own, with its caret.
        """
        statement = check_statement(self._connection, query)
        self._build(mentioned(statement))
        try:
            result = self._connection.sql(statement, params=dict(params) if params else None)
            return _narrow(result.to_arrow_table())
        except duckdb.Error as error:
            raise QueryError(str(error), hint=_hint(str(error))) from error

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
        catalog = load_catalog()
        for name in closure(names):
            statement = catalog[name].statement
            if name in self._built or statement is None:
                continue
            self._connection.execute(statement)
            if name == "judged_failovers":
                judge(self._connection, self.options)
            for column in catalog[name].columns:
                self._connection.execute(f'COMMENT ON COLUMN {name}."{column.name}" IS {_literal(column.comment)}')
            self._built.add(name)


def open_session(parsed: ParsedFiles, options: Options | None = None) -> Session:
    """Open a session over the files that ingest.parse wrote."""
    return Session(parsed, options or Options())


def _connect(parsed: ParsedFiles, options: Options, spill: Path) -> duckdb.DuckDBPyConnection:
    """Return a DuckDB that can read exactly the given files, and can no longer be told otherwise."""
    files: dict[str, tuple[Path, ...]] = {
        "access_log_files": parsed.access_log,
        "rejects": parsed.rejects,
        "source_files": parsed.sources,
        "inventory": parsed.inventory,
        "outlier_events": parsed.outlier_events,
    }
    # On disk, so that tables are compressed and memory stays bounded, however long the log.
    connection = duckdb.connect(
        spill / "session.duckdb",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "temp_directory": str(spill),
            "python_enable_replacements": "false",
        },
    )
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute("SET preserve_insertion_order = false")
    # A progress bar would write to standard output, which carries data only.
    connection.execute("SET enable_progress_bar = false")
    paths = ", ".join(_literal(str(path.resolve())) for group in files.values() for path in group)
    connection.execute(f"SET allowed_paths = [{paths}]")
    connection.execute("SET enable_external_access = false")
    labels = tuple(getattr(parsed, "labels", ()))
    if labels:
        create_labels(connection, labels)
    for name, group in files.items():
        listed = ", ".join(_literal(str(path.resolve())) for path in group)
        read = f"SELECT * FROM read_parquet([{listed}])"
        if labels and name != "source_files":
            read = label_rows(name, read)
        connection.execute(f"CREATE VIEW {name} AS {read}")
    _create_flags(connection)
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
    connection.execute("SET lock_configuration = true")
    return connection


def _create_flags(connection: duckdb.DuckDBPyConnection) -> None:
    rows = [
        {name: getattr(flag, name) for name in ("code", "long_name", "meaning", "side", "outcome", "rank")}
        for flag in load_flags().values()
    ]
    connection.register("flag_rows", pa.Table.from_pylist(rows))
    connection.execute("CREATE TABLE response_flags AS SELECT * FROM flag_rows")
    connection.unregister("flag_rows")


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _narrow(table: pa.Table) -> pa.Table:
    """Turn DuckDB's 128-bit sums, which arrive as decimals, into int64 where they fit."""
    for i, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and field.type.scale == 0:
            try:
                column = pc.cast(table.column(i), pa.int64())
            except pa.ArrowInvalid:
                continue
            table = table.set_column(i, field.name, column)
    return table


def _hint(message: str) -> str | None:
    if "Table with name" in message:
        return "`hopline schema` lists tables and views."
    if "Permission" in message or "disabled by configuration" in message:
        return "Queries read only the logs given to hopline."
    return None
