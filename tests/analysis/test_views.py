"""Every view as data: a folder holds a tiny input, a query, and the rows that must come out.

    views/CASE/access_log.csv       rows of access_log; what is left out is an ordinary request (simulate.entry);
                                    `at` is seconds after 2026-11-23T20:54:00Z, lists are separated by spaces,
                                    maps are k=v;k=v, an empty cell leaves the default, `-` is NULL
    views/CASE/inventory.csv        rows of inventory, if any
    views/CASE/outlier_events.csv   rows of outlier_events, if any; so mesh_config.csv and endpoint_counters.csv
    views/CASE/options.toml         fields of analysis.Options, if any; [[networks]] as in hopline.toml
    views/CASE/query.sql            the query
    views/CASE/expected.csv         its rows, as DuckDB casts them to text

`HOPLINE_UPDATE_GOLDEN=1` rewrites the expected rows; read the difference before committing it.
"""

from __future__ import annotations

import csv
import os
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from analysis import Network, Objectives, Options, open_session
from analysis.catalog import load_catalog, mentioned
from ingest import schema
from tests.analysis.simulate import START, entry, write

CASES = Path(__file__).with_name("views")


def _value(text: str, kind: pa.DataType) -> Any:
    if text == "-":
        return None
    if pa.types.is_list(kind):
        return text.split()
    if pa.types.is_map(kind):
        return [tuple(pair.split("=", 1)) for pair in text.split(";")]
    if pa.types.is_integer(kind):
        return int(text)
    if pa.types.is_boolean(kind):
        return text == "true"
    if pa.types.is_timestamp(kind):
        return START + timedelta(seconds=float(text))
    return "" if text == '""' else text


def _read(path: Path, columns: pa.Schema) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [
            {name: _value(text, columns.field(name).type) for name, text in row.items() if text}
            for row in csv.DictReader(file)
        ]


def _access_log(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="") as file:
        header = next(csv.reader(file))
    assert header[0] == "at", path
    rows = _read(path, schema.ACCESS_LOG.append(pa.field("at", pa.string())))
    return [entry(float(row.pop("at")), **row) for row in rows]


def _options(path: Path) -> Options:
    given = tomllib.loads(path.read_text()) if path.exists() else {}
    networks = tuple(
        Network(**{name: tuple(value) if isinstance(value, list) else value for name, value in one.items()})
        for one in given.pop("networks", [])
    )
    given["objectives"] = Objectives(**given.get("objectives", {}))
    given["primaries"] = tuple(map(tuple, given.get("primaries", ())))
    return Options(**given, networks=networks)


def _cases() -> list[str]:
    return sorted(folder.name for folder in CASES.iterdir() if folder.is_dir())


@pytest.mark.parametrize("case", _cases())
def test_view(case: str, tmp_path: Path) -> None:
    folder = CASES / case
    files = write(
        tmp_path,
        _access_log(folder / "access_log.csv"),
        inventory=_read(folder / "inventory.csv", schema.INVENTORY),
        outlier_events=_read(folder / "outlier_events.csv", schema.OUTLIER_EVENTS),
        mesh_config=_read(folder / "mesh_config.csv", schema.MESH_CONFIG),
        endpoint_counters=_read(folder / "endpoint_counters.csv", schema.ENDPOINT_COUNTERS),
    )
    with open_session(files, _options(folder / "options.toml")) as session:
        query = (folder / "query.sql").read_text().strip().rstrip(";")
        table = session.sql(f"SELECT COLUMNS(*)::VARCHAR FROM ({query})")
    names = list(table.schema.names)
    actual = [dict(zip(names, row.values(), strict=True)) for row in table.to_pylist()]
    expected_path = folder / "expected.csv"
    if os.environ.get("HOPLINE_UPDATE_GOLDEN"):
        with expected_path.open("w", newline="") as file:
            writer = csv.DictWriter(file, names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(actual)
    with expected_path.open(newline="") as file:
        expected = [{k: v or None for k, v in row.items()} for row in csv.DictReader(file)]
    assert [{k: v or None for k, v in row.items()} for row in actual] == expected


def test_every_relation_has_a_case() -> None:
    covered: set[str] = set()
    for case in _cases():
        covered |= mentioned((CASES / case / "query.sql").read_text())
    relations = {name for name, relation in load_catalog().items() if relation.statement and not relation.internal}
    assert relations - covered == set()
