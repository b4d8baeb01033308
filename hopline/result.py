"""The rows of an answer, for whatever library goes on with them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ingest.errors import UsageError

if TYPE_CHECKING:
    import polars
    import pyarrow as pa

#: Rows that a notebook or a prompt shows.
_SHOWN_ROWS = 20


class Result:
    """The rows of one query, in memory as Arrow.

    It speaks the Arrow PyCapsule interface (`__arrow_c_stream__`), so that polars, pandas, DuckDB and others take it
    as it is: `polars.DataFrame(result)`, `pyarrow.table(result)`. Times are timestamp[us, UTC]. A notebook shows the
    first rows as a table.
    """

    def __init__(self, table: pa.Table) -> None:
        self._table = table

    @property
    def schema(self) -> pa.Schema:
        """Names and Arrow types of the columns."""
        return self._table.schema

    @property
    def column_names(self) -> list[str]:
        """Names of the columns, in their order."""
        return list(self._table.column_names)

    @property
    def num_rows(self) -> int:
        """How many rows there are; `len` says the same."""
        return int(self._table.num_rows)

    def __len__(self) -> int:
        return self.num_rows

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield each row as a dict."""
        for batch in self._table.to_batches():
            yield from batch.to_pylist()

    def to_arrow(self) -> pa.Table:
        """Return the rows as a pyarrow.Table; nothing is copied."""
        return self._table

    def to_polars(self) -> polars.DataFrame:
        """Return the rows as a polars.DataFrame."""
        import polars

        return polars.DataFrame(self)

    def to_pandas(self) -> Any:
        """Return the rows as a pandas.DataFrame; raises UsageError where pandas is not installed."""
        try:
            import_module("pandas")  # hopline does not need it, so that it may be missing
        except ImportError:
            raise UsageError("pandas is not installed", hint="pip install pandas, or use to_polars()") from None
        return self._table.to_pandas()

    def to_pylist(self) -> list[dict[str, Any]]:
        """Return the rows as a list of dicts; times are aware datetimes."""
        return list(self)

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Export the rows as an ArrowArrayStream capsule: the Arrow PyCapsule interface."""
        return self._table.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        """Export the schema as an ArrowSchema capsule."""
        return self._table.schema.__arrow_c_schema__()

    def __repr__(self) -> str:
        from hopline.writers.grid import write_grid

        stream = io.BytesIO()
        write_grid(self._table.slice(0, _SHOWN_ROWS), stream)
        return stream.getvalue().decode() + self._write_size()

    def _repr_html_(self) -> str:
        """Return the first rows as an HTML table; no text of a log can become markup."""
        from html import escape

        from hopline.writers.cells import read_columns

        head = "".join(f"<th>{escape(name)}</th>" for name in self.column_names)
        rows = zip(*read_columns(self._table.slice(0, _SHOWN_ROWS), null="-"), strict=True)
        body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{self._write_size()}</p>"

    def _write_size(self) -> str:
        count, columns = self.num_rows, len(self.column_names)
        shown = f", the first {_SHOWN_ROWS} shown" if count > _SHOWN_ROWS else ""
        return f"[{count:,} row{'' if count == 1 else 's'} of {columns} column{'' if columns == 1 else 's'}{shown}]"
