"""No input makes an inventory reader raise anything but InventoryError, or a row that cannot be written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest import schema
from ingest.errors import InventoryError
from ingest.inventory import FORMATS, Context, Snapshot, read_snapshot, recognise
from ingest.inventory.located import DocumentError, read_json, read_yaml
from ingest.names import Names
from tests.examples import examples
from tests.ingest.snapshots import to_yaml
from tests.ingest.test_inventory import CLUSTERS, EVENTS, config_dump
from tests.ingest.test_inventory_formats import HEALTH_EVENTS, STATS_METRICS, STATS_TEXT, STATUSES, TABLE, camel
from tests.ingest.test_inventory_resources import OBJECTS, PODS, RESOURCES

CONTEXT = Context("dump", Names("c1", "gw", "gw-1"), datetime(2026, 1, 1, tzinfo=UTC))
ASSIGNMENTS = [config_dump()["configs"][1]["dynamic_endpoint_configs"][0]["endpoint_config"]]
#: A good file of every format.
SEEDS = (
    CLUSTERS,
    json.dumps(config_dump(), indent=1),
    "\n".join(map(json.dumps, EVENTS)),
    "\n".join(map(json.dumps, HEALTH_EVENTS)),
    json.dumps(STATUSES, indent=1),
    to_yaml(camel(STATUSES["cluster_statuses"])),
    json.dumps(ASSIGNMENTS),
    to_yaml(camel(ASSIGNMENTS)),
    json.dumps(OBJECTS),
    to_yaml(OBJECTS),
    RESOURCES,
    PODS,
    TABLE,
    STATS_TEXT,
    STATS_METRICS,
)
#: Values that break what trusts its input.
ODD: tuple[Any, ...] = (
    None,
    "",
    "-1",
    -1,
    2**80,
    1.5,
    True,
    [],
    {},
    [[]],
    {"": None},
    "\ud800",
    "\x00",
    "a\nb",
    "é" * 5,
)


def write(snapshot: Snapshot, lines: int) -> None:
    """Make Arrow tables of all rows, and check what every row has to hold."""
    tables = (
        (snapshot.inventory, schema.INVENTORY),
        (snapshot.outlier_events, schema.OUTLIER_EVENTS),
        (snapshot.mesh_config, schema.MESH_CONFIG),
        (snapshot.endpoint_counters, schema.ENDPOINT_COUNTERS),
    )
    for rows, kind in tables:
        table = pa.Table.from_pylist(list(rows), schema=kind)
        table.validate(full=True)
        for row in rows:
            assert set(row) <= set(kind.names)
            assert row["source"] == "dump"
            assert 1 <= row["line"] <= lines
    assert 0 <= snapshot.unread_lines <= lines


def read_with_all(text: str) -> None:
    recognise(text.encode("utf-8", "replace"))
    for known in FORMATS:
        assert known.recognise(text.encode("utf-8", "replace")) in (True, False)
        try:
            snapshot = read_snapshot(known, text, CONTEXT)
        except InventoryError as error:
            assert str(error).startswith("dump: ")  # noqa: PT017 - most texts do not raise
            continue
        write(snapshot, text.count("\n") + 1)


def test_every_seed_is_recognised_and_says_something() -> None:
    for seed in SEEDS:
        known = recognise(seed.encode())
        assert known is not None, seed
        snapshot = read_snapshot(known, seed, CONTEXT)
        assert snapshot.inventory or snapshot.outlier_events
        write(snapshot, seed.count("\n") + 1)


@settings(max_examples=examples(75), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    recognise(data)
    read_with_all(data.decode("utf-8", "backslashreplace"))


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_files(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SEEDS))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 60)))
        patch = st.one_of(
            st.text(max_size=8),
            st.sampled_from(["::", "\n", '"', "{", "}", "[", "- ", ": ", "&a ", "*a", "\t", "|", "\\u", "9" * 30, "%"]),
        )
        text = text[:start] + data.draw(patch) + text[end:]
    read_with_all(text)


def _replace_one(value: Any, place: int, odd: Any) -> tuple[Any, int]:
    """Return a value with its `place`-th part (counted depth first) replaced, and how many parts are left."""
    if place == 0:
        return odd, -1
    place -= 1
    if isinstance(value, dict):
        out: Any = {}
        for key, inner in value.items():
            out[key], place = _replace_one(inner, place, odd) if place >= 0 else (inner, place)
        return out, place
    if isinstance(value, list):
        out = []
        for inner in value:
            changed, place = _replace_one(inner, place, odd) if place >= 0 else (inner, place)
            out.append(changed)
        return out, place
    return value, place


@settings(max_examples=examples(100), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(
        [config_dump(), STATUSES, camel(STATUSES), OBJECTS, ASSIGNMENTS, EVENTS[0], EVENTS[2], *HEALTH_EVENTS]
    ),
    st.integers(0, 80),
    st.sampled_from(ODD),
)
def test_odd_values_in_objects(document: Any, place: int, odd: Any) -> None:
    changed, _ = _replace_one(document, place, odd)
    read_with_all(json.dumps(changed))


@settings(max_examples=examples(100), deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    ),
    st.sampled_from([None, 1, 4]),
    st.booleans(),
)
def test_json_reads_as_the_standard_library_does(value: Any, indent: int | None, ascii_only: bool) -> None:
    def plain(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: plain(inner) for key, inner in part.items()}
        if isinstance(part, list):
            return [plain(inner) for inner in part]
        return part if part is None or isinstance(part, str) else json.dumps(part)

    assert read_json(json.dumps(value, indent=indent, ensure_ascii=ascii_only)) == [plain(value)]


def test_lines_of_json_and_yaml() -> None:
    (document,) = read_json('{\n "a": [\n  1,\n  {"b":\n "c"}]}')
    assert (document.line, document.lines, document["a"].lines) == (1, {"a": 2}, [3, 4])
    assert document["a"][1].lines == {"b": 5}
    first, second = read_yaml("# x\na:\n- 1\n- b: c\n  d: ~\n---\ne: 'null'\n")
    assert (first.lines, first["a"].lines, first["a"][1].lines) == ({"a": 3}, [3, 4], {"b": 4, "d": 5})
    assert first["a"][1]["d"] is None
    assert second == {"e": "null"}


@pytest.mark.parametrize("text", ["{", '{"a"', '["a', "[}", "]", "{} x", '"\\u12"', '{"a": [1, 2}'])
def test_broken_json_is_said(text: str) -> None:
    with pytest.raises(DocumentError):
        read_json(text)


def test_aliases_and_nesting_cost_no_more_than_their_text(tmp_path: Path) -> None:
    head = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: a}\nspec:\n"
    bomb = head + "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12))
    with pytest.raises(InventoryError, match="more than"):
        read_snapshot(_known(bomb), bomb, CONTEXT)
    loop = head + "  a: &a\n    b: *a\n"
    (row,) = read_snapshot(_known(loop), loop, CONTEXT).mesh_config
    assert (row["setting"], row["value"]) == ("a.b", None)
    for opening in ("[", '{"a":', "- ", "a: {b: ["):
        read_with_all(opening * 50_000)
    deep = head + "  a: " + "[" * 300 + "]" * 300 + "\n"
    assert len(read_snapshot(_known(deep), deep, CONTEXT).mesh_config) == 1


def test_products_of_hosts_ports_and_endpoints_are_bounded() -> None:
    many = ", ".join(["a"] * 400)
    text = (
        "apiVersion: networking.istio.io/v1\nkind: ServiceEntry\nmetadata: {name: a}\nspec:\n"
        f"  hosts: [{many}]\n  ports: [{', '.join(['{number: 80}'] * 400)}]\n"
        f"  endpoints: [{', '.join(['{address: 10.0.0.1}'] * 400)}]\n"
    )
    with pytest.raises(InventoryError, match="more than"):
        read_snapshot(_known(text), text, CONTEXT)


def _known(text: str) -> Any:
    known = recognise(text.encode())
    assert known is not None
    return known


@pytest.mark.parametrize(
    "text",
    [" " * 200_000, "a " * 100_000, "," * 200_000, "a, " * 60_000, ":" * 200_000, '"' * 100_000, "::" * 100_000,
     "- " * 100_000, "#\n" * 60_000, "x: 1 " * 40_000, "\\" * 200_000, '{"a":"' + "\\\\" * 100_000, "[" + " " * 200_000,
     "a\t1/1 " * 30_000, "10.0.0.1:80 HEALTHY " * 10_000],
    ids=lambda text: text[:6],
)  # fmt: skip
def test_no_shape_of_line_takes_long(text: str) -> None:
    began = datetime.now(UTC)
    read_with_all(text)
    assert (datetime.now(UTC) - began).total_seconds() < 60
