"""How a run ends when something outside ends it, and what a terminal is shown."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOME = Path(__file__).resolve().parents[2]
SAMPLE = HOME / "sample_logs" / "crash"


def start(folder: Path, *argv: str, **streams: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(HOME), "TMPDIR": str(folder)}
    return subprocess.Popen([sys.executable, "-m", "hopline", *argv], env=environment, **streams)  # type: ignore[call-overload]


def wait_for_scratch(folder: Path, pattern: str = "hopline-*") -> None:
    """Wait until the run has made its temporary folder: it is in the middle of its work."""
    deadline = time.monotonic() + 30
    while not list(folder.glob(pattern)):
        assert time.monotonic() < deadline, "the run never made its temporary folder"
        time.sleep(0.02)


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(tmp_path: Path, sent: int, code: int) -> None:
    run = start(tmp_path, "failovers", "-", stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for_scratch(tmp_path)
    time.sleep(0.2)
    run.send_signal(sent)
    stdout, stderr = run.communicate(timeout=30)
    assert run.returncode == code
    assert stdout == b""
    assert stderr.endswith(b"interrupted\n" if sent == signal.SIGINT else b"")
    assert b"Traceback" not in stderr
    assert list(tmp_path.iterdir()) == [], "temporary files are left"


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    query = "SELECT range FROM range(200000)"
    run = start(tmp_path, "sql", query, str(SAMPLE.parent / "article"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert run.stdout is not None
    run.stdout.readline()
    run.stdout.close()
    assert run.stderr is not None
    assert run.stderr.read() == b""
    assert run.wait(timeout=30) == 141


def read_terminal(*argv: str, columns: int, folder: Path, **environment: str) -> str:
    """Run hopline with its standard output on a terminal that is `columns` wide, and return what it showed."""
    primary, secondary = pty.openpty()
    base = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "LC_ALL")}
    run = subprocess.Popen(
        [sys.executable, "-m", "hopline", *argv],
        env={
            **base,
            "PYTHONPATH": str(HOME),
            "TMPDIR": str(folder),
            "TERM": "xterm-256color",
            "COLUMNS": str(columns),
            "PYTHONIOENCODING": "utf-8",
            **environment,
        },
        stdin=subprocess.DEVNULL,
        stdout=secondary,
        stderr=subprocess.PIPE,
    )
    os.close(secondary)
    shown = b""
    while select.select([primary], [], [], 60)[0]:
        try:
            piece = os.read(primary, 65536)
        except OSError:  # the other side has closed
            break
        if not piece:
            break
        shown += piece
    os.close(primary)
    assert run.wait(timeout=60) == 0
    return shown.decode().replace("\r\n", "\n")


def test_a_terminal_gets_colours_and_its_width(tmp_path: Path) -> None:
    shown = read_terminal("schema", columns=60, folder=tmp_path)
    assert shown.startswith("\x1b[1mname")
    assert all(len(line) <= 60 for line in shown.splitlines()[1:])
    assert "\x1b" not in read_terminal("schema", columns=60, folder=tmp_path, NO_COLOR="1")


def test_a_report_on_a_terminal_is_text(tmp_path: Path) -> None:
    shown = read_terminal("report", str(SAMPLE), columns=90, folder=tmp_path)
    assert "complete, connect_failure, recovered" in shown
    assert "<html" not in shown


@pytest.mark.parametrize("format_", ["table", "csv"])
def test_an_interrupted_query_ends_at_once(tmp_path: Path, format_: str) -> None:
    query = "SELECT count(*) FROM range(9000000) AS a, range(9000000) AS b WHERE a.range % 7 = b.range % 5"
    sample = str(SAMPLE.parent / "article")
    run = start(tmp_path, "sql", query, sample, "-f", format_, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for_scratch(tmp_path, "hopline-duckdb-*")
    time.sleep(1)
    run.send_signal(signal.SIGINT)
    stdout, stderr = run.communicate(timeout=10)
    assert run.returncode == 130, stderr
    assert stdout == b""
    assert stderr == b"interrupted\n"
    assert list(tmp_path.iterdir()) == [], "temporary files are left"
