"""The process that command lines fork from: `python -m tests.warm.server SOCKET`; it ends when its input does."""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import reports
from analysis.catalog import load_catalog
from analysis.session import parse_own
from tests.warm.client import ENDED

#: What the verbs import when they are asked.
_PRELOADED = (
    "hopline.cli", "ingest.pipeline", "ingest.store", "analysis", "reports", "plotly.graph_objects", "jinja2",
    "typer._adapters", "rich.progress",
)  # fmt: skip
#: A report with a chart.
_DOCUMENT = Path(__file__).resolve().parents[1] / "reports" / "golden" / "outage.json"
_LOOK_S = 0.005


def _serve(path: str) -> None:
    _prepare()
    gc.freeze()  # so that a child's collector leaves shared pages alone
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{path}-")
        server.listen(64)
        os.rename(f"{path}-", path)
        _end_with_input()
        while True:
            line, _ = server.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                server.close()
                _answer(line)
            line.close()


def _prepare() -> None:
    """Do what each process would do anew and what leaves no thread behind: parse our SQL, compile templates, draw."""
    for name in _PRELOADED:
        importlib.import_module(name)
    for relation in load_catalog().values():
        if relation.statement is not None:
            parse_own(relation.statement)
    reports.to_html(reports.from_json(_DOCUMENT.read_text(encoding="utf-8")))


def _end_with_input() -> None:
    """Fork a process that ends this one when its standard input ends."""
    watched = os.getpid()
    if os.fork() == 0:
        os.read(0, 1)
        os.kill(watched, signal.SIGKILL)
        os._exit(0)


def _answer(line: socket.socket) -> NoReturn:
    """Run what is asked in a child, and say how it ended."""
    held: list[int] = []
    text = b""
    while not text.endswith(ENDED):
        more, descriptors, _, _ = socket.recv_fds(line, 1 << 20, 3)
        text += more
        held.extend(descriptors)
    asked = json.loads(text)
    child = os.fork()
    if child == 0:
        line.close()
        _run(asked, held)
    for descriptor in held:
        os.close(descriptor)
    line.sendall(json.dumps(_wait(child, asked["timeout_s"])).encode() + ENDED)
    os._exit(0)


def _wait(child: int, timeout_s: float) -> int | None:
    """Return the exit code of a child; None where it had to be killed."""
    ends = time.monotonic() + timeout_s
    while time.monotonic() < ends:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(_LOOK_S)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def _run(asked: Mapping[str, Any], streams: Sequence[int]) -> NoReturn:
    """Become the process of one command line."""
    code = 1
    try:
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        os.environ.clear()
        os.environ.update(asked["env"])
        os.chdir(asked["cwd"])
        tempfile.tempdir = None  # it may have been found out under another environment
        sys.argv = ["hopline", *asked["argv"]]
        _open_streams(asked["env"].get("PYTHONIOENCODING", "utf-8"))
        code = importlib.import_module("hopline.__main__").main()
    except BaseException:
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _open_streams(encoding: str) -> None:
    """Open the standard streams as the interpreter does when it starts."""
    name, _, errors = encoding.partition(":")
    given = {"encoding": name, "errors": errors or "strict", "closefd": False}
    sys.stdin = os.fdopen(0, **given)
    sys.stdout = os.fdopen(1, "w", **given)
    sys.stderr = os.fdopen(2, "w", **(given | {"errors": "backslashreplace", "buffering": 1}))


if __name__ == "__main__":
    _serve(sys.argv[1])
