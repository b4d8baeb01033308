"""A file is wholly there or not there."""

import os
import stat
import threading
from pathlib import Path

import pytest

from hopline.destination import check_writable, open_destination
from ingest.errors import OutputError


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text("old")

    def fail_halfway() -> None:
        with open_destination(target) as stream:
            stream.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_halfway()
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.html"]


def test_nothing_is_visible_until_all_of_it_is(tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    with open_destination(target) as stream:
        stream.write(b"new")
        stream.flush()
        assert not target.exists()
    assert target.read_text() == "new"


def test_permissions_are_those_of_an_ordinary_file(tmp_path: Path) -> None:
    fresh, old = tmp_path / "fresh", tmp_path / "old"
    old.touch(mode=0o600)
    old.chmod(0o640)
    before = os.umask(0o027)
    try:
        for target in (fresh, old):
            with open_destination(target) as stream:
                stream.write(b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE(fresh.stat().st_mode) == 0o640
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to("real")
    with open_destination(tmp_path / "link") as stream:
        stream.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "new"


def test_a_pipe_is_written_in_place(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    check_writable(pipe)
    with open_destination(pipe) as stream:
        stream.write(b"through")
    reader.join(timeout=10)
    assert got == [b"through"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_what_cannot_be_written_is_known_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for target, words in (
        (tmp_path, "is a folder"),
        (tmp_path / "missing" / "report.html", "no folder"),
        (tmp_path / "file" / "report.html", "not a folder"),
    ):
        with pytest.raises(OutputError, match=words):
            check_writable(target)
    check_writable(tmp_path / "report.html")
    check_writable(Path("/dev/null"))


def test_a_full_disk_is_an_output_error() -> None:
    with pytest.raises(OutputError, match="No space left"), open_destination(Path("/dev/full")) as stream:
        stream.write(b"x" * 100_000)
