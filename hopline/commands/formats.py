"""`hopline formats`: the log formats that are known."""

from __future__ import annotations

from hopline.commands.outputs import ListFormat, Output
from hopline.writers import choose_format, write_table


def formats(output: Output = None, format_: ListFormat = None) -> None:
    """List the access-log formats that hopline knows and finds out by itself.

    For any other, --log-format takes Envoy's own format string.
    """
    chosen = choose_format(format_, output)
    import pyarrow as pa

    from ingest import formats as known

    rows = [{"name": each.name, "kind": each.kind, "meaning": each.meaning} for each in known.formats()]
    write_table(pa.Table.from_pylist(rows), chosen, output)
