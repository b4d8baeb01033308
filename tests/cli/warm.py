"""Command lines in processes of their own that need not import everything anew.

`python -m tests.cli.warm` imports what hopline imports, and forks for each command line that it is told: a child has
its own working folder, environment, standard streams and exit code, as a process started from a shell has. What begins
with the interpreter itself is tested elsewhere (test_startup, test_process), where processes start cold.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

#: What the verbs import when they are asked; nothing of it starts a thread by being imported.
_PRELOADED = ("hopline.cli", "ingest.pipeline", "ingest.store", "analysis", "reports", "plotly.graph_objects", "jinja2")
_LOOK_S = 0.005


class WarmCommands:
    """Runs command lines of hopline; close it in the end."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._parent = subprocess.Popen(
            [sys.executable, "-m", "tests.cli.warm"], cwd=home, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )

    def run(
        self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdin: bytes, scratch: Path, timeout_s: float
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `hopline ARGV`, its streams as files in `scratch`; raises TimeoutError where it takes longer."""
        streams = [scratch / name for name in ("stdin", "stdout", "stderr")]
        streams[0].write_bytes(stdin)
        asked = {
            "argv": list(argv), "cwd": str(cwd), "env": dict(env), "streams": [str(path) for path in streams],
            "timeout_s": timeout_s,
        }  # fmt: skip
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        self._parent.stdin.write(json.dumps(asked).encode() + b"\n")
        self._parent.stdin.flush()
        code = json.loads(self._parent.stdout.readline())
        if code is None:
            raise TimeoutError(f"hopline {' '.join(argv)} did not end within {timeout_s:g} s")
        out, err = streams[1].read_bytes(), streams[2].read_bytes()
        for path in streams:
            path.unlink()
        return subprocess.CompletedProcess(["hopline", *argv], code, out, err)

    def close(self) -> None:
        """End the parent of the processes."""
        assert self._parent.stdin is not None
        self._parent.stdin.close()
        self._parent.wait(timeout=10)


def _serve() -> None:
    for name in _PRELOADED:
        importlib.import_module(name)
    for line in sys.stdin.buffer:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(asked)
        print(json.dumps(_wait(child, asked["timeout_s"])), flush=True)


def _wait(child: int, timeout_s: float) -> int | None:
    """Return the exit code of a child, negative where a signal ended it; None where it had to be killed."""
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_LOOK_S)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return None


def _run(asked: Mapping[str, Any]) -> None:
    """Become the process of one command line; does not return."""
    code = 1
    try:
        for number, (path, flags) in enumerate(
            zip(asked["streams"], (os.O_RDONLY, os.O_WRONLY | os.O_CREAT, os.O_WRONLY | os.O_CREAT), strict=True)
        ):
            os.dup2(os.open(path, flags), number)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        tempfile.tempdir = None  # it may have been found out under another environment
        sys.argv = ["hopline", *asked["argv"]]
        if encoding := asked["env"].get("PYTHONIOENCODING"):  # which the interpreter looks at when it starts
            for stream in (sys.stdout, sys.stderr):
                stream.reconfigure(encoding=encoding)  # type: ignore[union-attr]
        code = importlib.import_module("hopline.__main__").main()
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
