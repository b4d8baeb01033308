"""The same reading of a log in other engines' SQL: 24 typed columns, lines of another shape left out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.bench.truth import COLUMNS

NUMBERS = {
    "response_code": "INTEGER",
    "bytes_received": "BIGINT",
    "bytes_sent": "BIGINT",
    "duration_ms": "BIGINT",
    "upstream_service_time_ms": "BIGINT",
}
#: A line of Istio's default text, one group per column, in their order.
EXPRESSION = (
    r'^\[([^\]]+)\] "([^ "]+) ([^ "]+) ([^ "]+)" (\d+) ([^ "]+) ([^ "]+) ([^ "]+) "([^"]*)" (\d+) (\d+) (\d+) (\d+|-) '
    r'"([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" "([^"]*)" ([^ "]+) ([^ "]+) ([^ "]+) ([^ "]+) ([^ "]+) ([^ "]+)$'
)


def select_chdb(log: Path, out: Path) -> str:
    """Return ClickHouse's statement: split at quotes, then at spaces."""
    places = _split_places("q", "r", "m", "n", "t", base=1)
    columns = []
    for name, place in zip(COLUMNS, places, strict=True):
        if name == "start_time":
            value = "toDateTime64(substring(q[1], 2, 23), 3, 'UTC')"
        elif name == "response_flags":
            value = f"if({place} = '-', [], splitByChar(',', {place}))"
        elif name in NUMBERS:
            value = f"toInt{'32' if NUMBERS[name] == 'INTEGER' else '64'}OrNull({place})"
        else:
            value = f"nullIf({place}, '-')"
        columns.append(f"{value} AS {name}")
    return f"""
        WITH splitByChar('"', line) AS q, splitByChar(' ', q[2]) AS r, splitByChar(' ', q[3]) AS m,
             splitByChar(' ', q[5]) AS n, splitByChar(' ', q[15]) AS t
        SELECT {", ".join(columns)}
        FROM file('{log}', LineAsString, 'line String')
        WHERE length(q) = 15 AND length(r) = 3 AND length(m) = 6 AND length(n) = 6 AND length(t) = 7
        INTO OUTFILE '{out}' TRUNCATE FORMAT Parquet
        SETTINGS output_format_parquet_compression_method = 'zstd', output_format_compression_level = 1
    """


def select_duckdb_split(log: Path, out: Path) -> str:
    """Return DuckDB's statement: split at quotes, then at spaces."""
    places = _split_places("q", "r", "m", "n", "t", base=1)
    return f"""
        COPY (
            WITH cut AS (SELECT string_split(line, '"') AS q FROM {_duckdb_lines(log)}),
            pieces AS (
                SELECT q, string_split(q[2], ' ') AS r, string_split(q[3], ' ') AS m, string_split(q[5], ' ') AS n,
                       string_split(q[15], ' ') AS t
                FROM cut WHERE len(q) = 15
            )
            SELECT {_duckdb_columns(places, "substring(q[1], 2, 24)")}
            FROM pieces WHERE len(r) = 3 AND len(m) = 6 AND len(n) = 6 AND len(t) = 7
        ) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
    """


def select_duckdb_regexp(log: Path, out: Path) -> str:
    """Return DuckDB's statement: one regular expression."""
    names = ", ".join(f"'{name}'" for name in COLUMNS)
    expression = EXPRESSION.replace("'", "''")
    return f"""
        COPY (
            WITH cut AS (SELECT regexp_extract(line, '{expression}', [{names}]) AS g FROM {_duckdb_lines(log)})
            SELECT {_duckdb_columns([f"g.{name}" for name in COLUMNS], "g.start_time")}
            FROM cut WHERE g.start_time <> ''
        ) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
    """


def select_duckdb_json(log: Path, out: Path) -> str:
    """Return DuckDB's statement over JSON lines; what is no JSON is ignored."""
    types = {name: NUMBERS.get(name, "VARCHAR") for name in COLUMNS} | {"start_time": "TIMESTAMPTZ"}
    keys = {"duration_ms": "duration", "upstream_service_time_ms": "upstream_service_time"}
    wanted = ", ".join(f"'{keys.get(name, name)}': '{type_}'" for name, type_ in types.items())
    columns = [f"{keys.get(name, name)} AS {name}" for name in COLUMNS]
    columns[COLUMNS.index("response_flags")] = f"{_duckdb_flags('response_flags')} AS response_flags"
    return f"""
        COPY (
            SELECT {", ".join(columns)}
            FROM read_json('{log}', format = 'newline_delimited', ignore_errors = true, columns = {{{wanted}}})
            WHERE response_code IS NOT NULL
        ) TO '{out}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
    """


def _split_places(quotes: str, request: str, middle: str, numbers: str, tail: str, *, base: int) -> list[str]:
    """Return where each column is after the splits, the first element being number `base`."""

    def at(array: str, number: int) -> str:
        return f"{array}[{number + base}]"

    return [
        at(quotes, 0),
        *(at(request, i) for i in range(3)),
        *(at(middle, i) for i in range(1, 5)),
        at(quotes, 3),
        *(at(numbers, i) for i in range(1, 5)),
        *(at(quotes, i) for i in range(5, 14, 2)),
        *(at(tail, i) for i in range(1, 7)),
    ]


def _duckdb_lines(log: Path) -> str:
    # No character of the log is a delimiter or a quote: one column, the line.
    return (
        f"read_csv('{log}', header = false, delim = '\x01', quote = '', escape = '', auto_detect = false, "
        f"max_line_size = 10000000, columns = {{'line': 'VARCHAR'}})"
    )


def _duckdb_columns(places: Sequence[str], time: str) -> str:
    columns = []
    for name, place in zip(COLUMNS, places, strict=True):
        if name == "start_time":
            value = f"{time}::TIMESTAMPTZ"
        elif name == "response_flags":
            value = _duckdb_flags(place)
        elif name in NUMBERS:
            value = f"TRY_CAST({place} AS {NUMBERS[name]})"
        else:
            value = f"nullif({place}, '-')"
        columns.append(f"{value} AS {name}")
    return ", ".join(columns)


def _duckdb_flags(place: str) -> str:
    return f"CASE WHEN {place} = '-' THEN []::VARCHAR[] ELSE string_split({place}, ',') END"
