"""Where output goes: standard output, or a file that is wholly there or not there."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from ingest.errors import OutputError


class ReaderLeftError(Exception):
    """Whoever read our standard output (`head`, a pager) wants no more of it: no error of anybody."""


def check_writable(path: Path) -> None:
    """Raise OutputError now if `path` could not be written later: before minutes of work, not after."""
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder", hint=f"name a file in it: -o {path / 'report.html'}")
    folder = _target(path).parent
    if not folder.exists():
        raise OutputError(f"cannot write {path}: there is no folder {folder}", hint=f"mkdir -p {folder}")
    if not folder.is_dir():
        raise OutputError(f"cannot write {path}: {folder} is not a folder")
    if not _is_special(path) and not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"cannot write {path}: no permission to write in {folder}")


@contextmanager
def open_destination(path: Path | None) -> Iterator[BinaryIO]:
    """Yield a binary stream to `path`, or to standard output for None.

    A regular file is written aside and renamed into place when the block ends well; when it raises, what stood
    there before still stands there. Raises OutputError when the file cannot be written, and ReaderLeftError when
    nobody reads standard output any more.
    """
    if path is None:
        try:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        except BrokenPipeError:
            raise ReaderLeftError from None
        return
    try:
        if _is_special(path):
            with path.open("wb") as stream:
                yield stream
        else:
            with _write_aside(_target(path)) as stream:
                yield stream
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error


@contextmanager
def _write_aside(target: Path) -> Iterator[BinaryIO]:
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    aside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        aside.chmod(_mode_for(target))
        aside.replace(target)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise


def _target(path: Path) -> Path:
    """Follow a symbolic link, so that the link stays one and its target is replaced."""
    return Path(os.path.realpath(path))


def _is_special(path: Path) -> bool:
    """Say whether `path` is a device or a pipe, which can only be written in place."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _mode_for(target: Path) -> int:
    """Return the permissions that a plain `open` would have left: those of the old file, else what the umask allows."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except OSError:
        umask = os.umask(0)
        os.umask(umask)
        return 0o666 & ~umask


def make_folder(folder: Path, contents: str) -> None:
    """Make a folder for `contents` (a word for messages) where it is missing; raises OutputError where it cannot be."""
    try:
        folder.mkdir(exist_ok=True)
    except FileNotFoundError:
        raise OutputError(f"cannot make {folder}: there is no {folder.parent}", hint=f"mkdir -p {folder}") from None
    except FileExistsError:
        raise OutputError(f"cannot write {contents} into {folder}: it is not a folder") from None
    except OSError as error:
        raise OutputError(f"cannot make {folder}: {error.strerror or error}") from error
