"""What ends an ingest leaves a store as it was, or with the whole source: nothing lost, doubled or half-visible."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ingest import reading
from ingest.errors import SourceError, StoreError
from ingest.store import disk as disks
from ingest.store import verify_store
from ingest.store.disk import Disk
from tests.store.world import HOME, World, expect, make_lines


class KilledError(BaseException):
    """The process ends here; nothing after it reaches the disk."""


class MortalDisk(Disk):
    """Ends the process at its operation `last`, before it or in the middle of it, and lets nothing happen after."""

    def __init__(self, last: int, *, torn: bool) -> None:
        self.left = last
        self.torn = torn
        self.done: list[str] = []

    def _spend(self, name: str) -> bool:
        """Return whether this is the operation that is torn."""
        if self.left == 0:
            raise KilledError(name)
        self.left -= 1
        self.done.append(name)
        return self.torn and self.left == 0

    def make_folder(self, path: Path) -> None:
        self._spend("make_folder")
        super().make_folder(path)

    def write_file(self, path: Path, data: bytes) -> None:
        if self._spend("write_file"):
            path.write_bytes(data[: len(data) // 2])
            raise KilledError("in write_file")
        super().write_file(path, data)

    def sync_file(self, path: Path) -> None:
        if self._spend("sync_file"):
            # A crash of the machine, too: what is not synced is lost.
            os.truncate(path, path.stat().st_size // 2)
            raise KilledError("in sync_file")
        super().sync_file(path)

    def sync_folder(self, path: Path) -> None:
        self._spend("sync_folder")
        super().sync_folder(path)

    def move(self, old: Path, new: Path) -> None:
        self._spend("move")
        super().move(old, new)

    def publish(self, aside: Path, final: Path) -> bool:
        if self._spend("publish"):
            os.link(aside, final)
            raise KilledError("in publish")
        return super().publish(aside, final)

    def remove(self, path: Path) -> None:
        if self._spend("remove"):
            if path.is_dir():
                for file in sorted(path.rglob("*"))[:1]:
                    if file.is_file():
                        file.unlink()
            raise KilledError("in remove")
        super().remove(path)


def count_operations(world: World, *logs: Path) -> int:
    disk = MortalDisk(10**9, torn=False)
    copy = World(world.folder / "counted")
    if world.store.exists():
        shutil.copytree(world.store, copy.store)
    else:
        copy.folder.mkdir()
    copy.ingest(*logs, disk=disk)
    shutil.rmtree(copy.folder)
    return len(disk.done)


def look(world: World) -> list[str] | None:
    """Return what a fresh reader sees; None where there is no store yet."""
    return world.read_paths() if (world.store / "store.json").exists() else None


@pytest.mark.parametrize("torn", [False, True])
@pytest.mark.parametrize("grown", [False, True])
def test_killed_at_every_operation(world: World, grown: bool, torn: bool) -> None:
    log = world.write("a.log", make_lines(0, 6))
    before: set[tuple[str, ...] | None] = {None, ()}
    after = tuple(expect(range(6)))
    if grown:
        world.write("a.log", make_lines(6, 1)[:90], mode="ab")
        world.ingest(log)
        world.write("a.log", make_lines(6, 1)[90:], mode="ab")
        before, after = {tuple(expect(range(6)))}, tuple(expect(range(7)))
    count = count_operations(world, log)
    assert count > 10
    kept = world.folder / "kept"
    if world.store.exists():
        shutil.copytree(world.store, kept)
    seen = set()
    for last in range(count):
        shutil.rmtree(world.store, ignore_errors=True)
        if kept.exists():
            shutil.copytree(kept, world.store)
        with pytest.raises(KilledError):
            world.ingest(log, disk=MortalDisk(last + torn, torn=torn))
        found = look(world)
        state = None if found is None else tuple(found)
        assert state in {*before, after}, f"killed at operation {last}"
        seen.add(state)
        world.ingest(log)
        assert tuple(world.read_paths()) == after, f"killed at operation {last}, and ingested again"
        damages = [finding for finding in verify_store(world.store) if finding.is_damage and finding.kind != "unlisted"]
        assert not damages
    assert after in seen, "some operations come after the one that counts"
    assert seen & before


def test_two_ingests_of_the_same_file_at_once(world: World) -> None:
    log = world.write("a.log", make_lines(0, 40))
    barrier = threading.Barrier(2, timeout=20)

    class WaitingDisk(Disk):
        def publish(self, aside: Path, final: Path) -> bool:
            if final.parent.name == "manifests" and not getattr(self, "met", False):
                self.met = True
                barrier.wait()
            return super().publish(aside, final)

    world.ingest(world.write("other.log", make_lines(900, 1)))
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(world.statuses(log, disk=WaitingDisk()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [["added"], ["unchanged"]]
    assert world.paths() == expect(range(40), range(900, 901))
    assert not [finding for finding in verify_store(world.store) if finding.kind == "unlisted"]


def test_a_longer_reading_overtakes_a_shorter_one(world: World) -> None:
    log = world.write("a.log", make_lines(0, 10))

    class OvertakenDisk(Disk):
        def publish(self, aside: Path, final: Path) -> bool:
            if final.parent.name == "manifests" and not getattr(self, "met", False):
                self.met = True
                world.write("a.log", make_lines(10, 5), mode="ab")
                world.ingest(log)
            return super().publish(aside, final)

    world.ingest(log, disk=OvertakenDisk())
    assert world.paths() == expect(range(15))


def test_without_hard_links(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(disks.os, "link", refuse)
    log = world.write("a.log", make_lines(0, 5))
    world.ingest(log)
    assert world.statuses(log) == ["unchanged"]
    assert world.paths() == expect(range(5))


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("change", ["truncate", "replace"])
def test_file_changed_while_it_is_read(
    world: World, change: str, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "WORTH_BYTES", 1)
    monkeypatch.setattr(reading, "JOB_BYTES", 1 << 14)
    monkeypatch.setattr(reading, "BLOCK_BYTES", 1 << 13)
    log = world.write("a.log", make_lines(0, 300))
    whole = reading.cut_blocks
    done: list[bool] = []

    def cut(chunks: Any, size: int, **place: int) -> Iterator[Any]:
        for block in whole(chunks, size, **place):
            yield block
            if not done:
                done.append(True)
                if change == "truncate":
                    os.truncate(log, len(make_lines(0, 3)))
                else:
                    log.unlink()
                    world.write("a.log", make_lines(500, 20))

    monkeypatch.setattr(reading, "cut_blocks", cut)
    try:
        world.ingest(log, workers=workers)
    except SourceError as error:
        assert "while it was read" in str(error)  # noqa: PT017
    paths = world.paths()
    assert len(set(paths)) == len(paths)
    assert paths in ([], expect(range(300)), expect(range(len(paths))))
    monkeypatch.undo()
    world.ingest(log, workers=1)
    direct = [row["path"] for row in world.ask("SELECT path FROM access_log ORDER BY line", log)]
    assert set(direct) <= set(world.paths())
    assert len(set(world.paths())) == len(world.paths()), "nothing is counted twice"


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("workers", [1, 2])
def test_full_disk(world: World, workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "WORTH_BYTES", 1)
    small = world.write("small.log", make_lines(0, 20))
    large = world.write("large.log", "".join(make_lines(n, 1, agent=os.urandom(200).hex()) for n in range(100, 2500)))
    with small_disk(world.folder / "disk", "400k") as folder:
        world.store = folder / "store"
        world.ingest(small)
        with pytest.raises(StoreError, match="no space left"):
            world.ingest(large, workers=workers)
        assert world.paths() == expect(range(20))
        assert not list((world.store / "aside").iterdir())
        assert not [finding for finding in verify_store(world.store) if finding.is_damage]
        subprocess.run(["mount", "-o", "remount,size=8m", folder], check=True)
        assert world.statuses(small, large) == ["unchanged", "added"]
        assert world.paths() == expect(range(20), range(100, 2500))


def test_read_only_store(world: World) -> None:
    log = world.write("a.log", make_lines(0, 5))
    with small_disk(world.folder / "disk", "4m") as folder:
        world.store = folder / "store"
        world.ingest(log)
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        assert world.paths() == expect(range(5))
        with pytest.raises(StoreError, match="cannot be written"):
            world.ingest(log)
        assert not verify_store(world.store)


def test_a_corrupt_file_is_named(world: World) -> None:
    world.ingest(world.write("a.log", make_lines(0, 500)))
    (path,) = world.store.rglob("access_log.parquet")
    data = path.read_bytes()
    path.write_bytes(data[:-100])
    with pytest.raises(StoreError, match=f"{path}: damaged: it has") as caught:
        world.paths()
    assert "store verify" in (caught.value.hint or "")
    path.unlink()
    with pytest.raises(StoreError, match=f"{path}: damaged: No such file"):
        world.paths()
    path.write_bytes(b"\0" * len(data))
    done = subprocess.run(
        [sys.executable, "-m", "hopline", "sql", "SELECT * FROM access_log", "--store", str(world.store)],
        cwd=world.folder,
        env={**os.environ, "PYTHONPATH": str(HOME)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert path.name in done.stderr
    assert "store verify" in done.stderr
    assert "Traceback" not in done.stderr
