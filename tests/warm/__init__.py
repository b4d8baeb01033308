"""Command lines in processes of their own that need not import everything anew.

A server imports what hopline imports, once, and forks for each command line that it is told: the child has the working
folder, environment and standard streams of whoever asks, as a process started from a shell has. What begins with the
interpreter itself is tested elsewhere (test_startup, test_process), where processes start cold.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO

from tests.warm import client

HOME = Path(__file__).resolve().parents[2]
_START_S = 60.0
_LOOK_S = 0.01


class WarmCommands:
    """Runs command lines of hopline; close it in the end."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="hopline-warm-")
        self.socket = Path(self._folder.name) / "socket"
        command = [sys.executable, "-m", "tests.warm.server", str(self.socket)]
        environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
        self._parent = subprocess.Popen(command, cwd=HOME, stdin=subprocess.PIPE, env=environment)
        ends = time.monotonic() + _START_S
        while not self.socket.exists():
            if self._parent.poll() is not None or time.monotonic() > ends:
                raise RuntimeError("the process that command lines fork from did not start")
            time.sleep(_LOOK_S)

    def run(
        self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes = b"", timeout_s: float = 120
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `hopline ARGV`; raises TimeoutError where it takes longer than `timeout_s` seconds."""
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin)
            given.seek(0)
            streams = [stream.fileno() for stream in (given, out, err)]
            code = client.ask(str(self.socket), list(argv), streams, cwd=str(cwd), env=dict(env), timeout_s=timeout_s)
            if code is None:
                raise TimeoutError(f"hopline {' '.join(argv)} did not end within {timeout_s:g} s")
            return subprocess.CompletedProcess(["hopline", *argv], code, _read(out), _read(err))

    def close(self) -> None:
        """End the parent of the processes."""
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        self._parent.wait(timeout=10)
        self._folder.cleanup()


@cache
def warm_commands() -> WarmCommands:
    """Return the one of this process; it ends with it."""
    commands = WarmCommands()
    atexit.register(commands.close)
    return commands


def write_launcher(path: Path, commands: WarmCommands) -> None:
    """Write a program for shells that is `hopline`."""
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{client.__file__}" "{commands.socket}" "$@"\n')
    path.chmod(0o755)


def _read(stream: IO[bytes]) -> bytes:
    stream.seek(0)
    return stream.read()
