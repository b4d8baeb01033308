"""hopline store verify finds every planted damage, and nothing where nothing is wrong."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest

from ingest import schema
from ingest.errors import StoreError
from ingest.store import forget_source, verify_store
from ingest.store.manifest import seal, unseal
from tests.store.world import HOME, World, make_lines


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World(tmp_path_factory.mktemp("whole"))
    inventory = next((HOME / "sample_logs/crash/inventory").rglob("*during-eastwest-1-clusters.txt"))
    log = world.write("a.log", make_lines(0, 50) + '[2026-03-01T10:00:00.125Z] "GET / HTTP/1.1" 200 what is this\n')
    world.ingest(log, inventory=[str(inventory)], keep_raw=True)
    return world


def every_file(world: World) -> list[str]:
    return sorted(str(path.relative_to(world.store)) for path in world.store.rglob("*") if path.is_file())


def spoil(whole: World, folder: Path) -> World:
    world = World(folder)
    shutil.copytree(whole.store, world.store)
    return world


def find(world: World) -> set[str]:
    try:
        findings = verify_store(world.store)
    except StoreError as error:
        return {str(error)}
    return {finding.path for finding in findings if finding.is_damage}


def test_nothing_is_found_where_nothing_is_wrong(whole: World) -> None:
    assert not verify_store(whole.store)
    kinds = {Path(name).name.partition("-")[0] for name in every_file(whole)}
    assert {"store.json", "access_log.parquet", "ranges.parquet", "raw.parquet", "inventory.parquet"} <= kinds


def test_a_flipped_bit_in_any_file_is_found(whole: World, tmp_path: Path) -> None:
    dice = random.Random(20261124)
    for number, name in enumerate(every_file(whole)):
        for _ in range(6):
            world = spoil(whole, tmp_path / str(number))
            path = world.store / name
            data = bytearray(path.read_bytes())
            data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
            path.write_bytes(bytes(data))
            assert any(str(path) in found for found in find(world)), name
            shutil.rmtree(world.store)


@pytest.mark.parametrize("damage", ["missing", "cut", "longer", "empty"])
def test_files_that_are_missing_or_of_another_length_are_found(whole: World, tmp_path: Path, damage: str) -> None:
    for number, name in enumerate(every_file(whole)):
        world = spoil(whole, tmp_path / str(number))
        path = world.store / name
        data = path.read_bytes()
        if damage == "missing":
            path.unlink()
        else:
            path.write_bytes({"cut": data[:-1], "longer": data + b"\0", "empty": b""}[damage])
        found = find(world)
        assert found, name
        if not (damage == "missing" and name.startswith(("manifests", "store.json"))):
            assert any(str(path) in each for each in found), name


@pytest.mark.parametrize(
    "place",
    ["x.parquet", "manifests/x.json", "segments/x.parquet", "segments/{source}/x", "segments/{segment}/x.parquet"],
)
def test_files_that_do_not_belong_there_are_found(whole: World, tmp_path: Path, place: str) -> None:
    world = spoil(whole, tmp_path / "x")
    segment = next((world.store / "segments").glob("*/*"))
    extra = place.format(source=segment.parent.name, segment=f"{segment.parent.name}/{segment.name}")
    (world.store / extra).write_bytes(b"x")
    assert find(world) == {str(world.store / extra)}


def test_what_verify_advises_mends_the_store(whole: World, tmp_path: Path) -> None:
    world = spoil(whole, tmp_path / "x")
    next(world.store.rglob("access_log.parquet")).write_bytes(b"x")
    (finding,) = verify_store(world.store)
    source_id = finding.advice.split()[3].rstrip(",")
    forget_source(world.store, source_id)
    assert not verify_store(world.store)
    assert world.statuses(whole.folder / "a.log") == ["added"]
    assert len(world.paths()) == 50
    assert not verify_store(world.store)


@pytest.mark.parametrize(
    ("step", "advice"), [(1, "pip install --upgrade hopline"), (-1, "hopline ingest LOGS --store")]
)
@pytest.mark.parametrize("kind", ["store.json", "manifest"])
def test_another_version_says_what_to_do(whole: World, tmp_path: Path, step: int, advice: str, kind: str) -> None:
    world = spoil(whole, tmp_path / "x")
    path = world.store / kind if kind == "store.json" else next((world.store / "manifests").iterdir())
    document = json.loads(path.read_bytes())
    assert document["schema_version"] == schema.SCHEMA_VERSION
    body = unseal(path.read_bytes())
    path.write_bytes(seal(body).replace(b'"schema_version": 1', b'"schema_version": %d' % (1 + step)))
    for use in (world.paths, lambda: world.ingest(whole.folder / "a.log")):
        with pytest.raises(StoreError, match=f"version {1 + step}, this hopline reads version 1") as caught:
            use()
        assert advice in (caught.value.hint or "")
