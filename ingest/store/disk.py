"""What a store does to a disk: every write, sync and rename goes through here, so that tests can end it at each."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

#: Errors of file systems that have no hard links.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})


class Disk:
    """The disk itself. Every method raises OSError where the system does."""

    def make_folder(self, path: Path) -> None:
        """Make a folder, and those above it."""
        path.mkdir(parents=True, exist_ok=True)

    def write_file(self, path: Path, data: bytes) -> None:
        """Write a new file, down to the disk."""
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def sync_file(self, path: Path) -> None:
        """Bring down to the disk what was written into a file."""
        _sync(path, os.O_RDONLY)

    def sync_folder(self, path: Path) -> None:
        """Bring the names in a folder down to the disk."""
        _sync(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))

    def move(self, old: Path, new: Path) -> None:
        """Give a file or a folder another name; nothing stands there yet."""
        old.rename(new)

    def publish(self, aside: Path, final: Path) -> bool:
        """Give a file its name for all to see; False where that name is taken, by whoever was faster."""
        try:
            os.link(aside, final)
        except FileExistsError:
            return False
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            # Without hard links two ingests in the same instant are not told apart.
            if final.exists():
                return False
            aside.rename(final)
            return True
        aside.unlink()
        return True

    def remove(self, path: Path) -> None:
        """Remove a file, or a folder with all that is in it; it may be gone already."""
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
