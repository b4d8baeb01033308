"""One lab at a time on this machine, and no Envoy left over from one that was killed.

Envoy opens its ports with SO_REUSEPORT: two labs would share them silently and mix their traffic.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from .errors import LabBusyError, LabError


def lock_path() -> Path:
    """Return the lock file, which doubles as the list of process ids of the run that holds it."""
    return Path(tempfile.gettempdir()) / "hopline-lab.lock"


class RunLock:
    """The held lock: it remembers the run's folder and the children to end should this process be killed."""

    def __init__(self, descriptor: int, run_dir: Path) -> None:
        self._descriptor = descriptor
        self.run_dir = run_dir

    def remember(self, pids: Iterable[int]) -> None:
        """Write down the children of this run."""
        _write(self._descriptor, {"pid": os.getpid(), "run_dir": str(self.run_dir), "children": sorted(pids)})


@contextlib.contextmanager
def hold_lock() -> Iterator[RunLock]:
    """Hold the lock and a fresh run folder; end what a killed run left. Raises LabBusyError if one runs."""
    path = lock_path()
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise LabError(f"cannot open the lock file {path}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(descriptor).get("pid", "unknown")
            raise LabBusyError(
                f"a lab is running already (process {holder}, lock {path}); wait for it or end it"
            ) from None
        _end_leftovers(_read(descriptor))
        run_dir = Path(tempfile.mkdtemp(prefix="hopline-lab-"))
        try:
            lock = RunLock(descriptor, run_dir)
            lock.remember([])
            yield lock
        finally:
            shutil.rmtree(run_dir, ignore_errors=True)
            _write(descriptor, {})
    finally:
        os.close(descriptor)


def require_free(addresses: Iterable[tuple[str, int]]) -> None:
    """Raise LabBusyError when anything listens on one of the addresses already."""
    for ip, port in addresses:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ip, port))
            except OSError as error:
                raise LabBusyError(f"{ip}:{port} is taken ({error.strerror}): what listens there?") from None


def _read(descriptor: int) -> dict[str, object]:
    os.lseek(descriptor, 0, os.SEEK_SET)
    try:
        found = json.loads(os.read(descriptor, 65536) or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _write(descriptor: int, content: dict[str, object]) -> None:
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.truncate(descriptor, 0)
    os.write(descriptor, json.dumps(content).encode())


def _end_leftovers(left: dict[str, object]) -> None:
    """End the children of a run that was killed: only processes that still work in its folder."""
    run_dir, children = left.get("run_dir"), left.get("children")
    if not isinstance(run_dir, str) or not isinstance(children, list) or "hopline-lab-" not in run_dir:
        return
    for pid in children:
        if isinstance(pid, int) and works_in(pid, run_dir):
            os.kill(pid, signal.SIGKILL)
            deadline = time.monotonic() + 5
            while works_in(pid, run_dir) and time.monotonic() < deadline:
                time.sleep(0.02)
    shutil.rmtree(run_dir, ignore_errors=True)


def works_in(pid: int, run_dir: str) -> bool:
    """Tell whether process `pid` lives and was started with `run_dir` on its command line."""
    try:
        return run_dir.encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
