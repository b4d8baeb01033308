"""The shell: where statements end, what is completed, and how it behaves on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hopline.shell.prompt import find_history_file
from hopline.shell.statements import is_complete, split_statements
from hopline.shell.words import complete, list_functions

HOME = Path(__file__).resolve().parents[2]
COMMANDS = (".schema", ".views", ".quit")


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("SELECT 1", ["SELECT 1"]),
        ("SELECT 1; SELECT 2;", ["SELECT 1;", "SELECT 2;"]),
        ("SELECT\n1\n;", ["SELECT\n1\n;"]),
        ("SELECT 'a;''b;', \"c;\" ;SELECT 2", ["SELECT 'a;''b;', \"c;\" ;", "SELECT 2"]),
        ("SELECT 1 -- one; two\n;", ["SELECT 1 -- one; two\n;"]),
        ("SELECT /* ; */ $$;$$, $x$;$$;$x$;", ["SELECT /* ; */ $$;$$, $x$;$$;$x$;"]),
        (";;\n; -- nothing\n", []),
        (".views\nSELECT 1;.format csv\nSELECT 2;", [".views", "SELECT 1;", ".format csv", "SELECT 2;"]),
        ("SELECT 1\n.5;", ["SELECT 1\n.5;"]),
        ("SELECT 'never closed;", ["SELECT 'never closed;"]),
    ],
)
def test_statements_end_at_their_semicolon(text: str, statements: list[str]) -> None:
    assert list(split_statements(text.splitlines(keepends=True))) == statements


@pytest.mark.parametrize(
    ("text", "complete"),
    [("", True), ("SELECT 1", False), ("SELECT 1;", True), (".views", True), ("SELECT ';", False), ("-- x", False)],
)
def test_enter_runs_what_is_whole(text: str, complete: bool) -> None:
    assert is_complete(text) is complete


@pytest.mark.parametrize(
    ("before", "word"),
    [
        ("SELECT * FROM requ", "requests"),
        ("SELECT * FROM traff", "traffic_by("),
        ("SELECT respon", "response_code"),
        ("SELECT count(*) FROM requests WHERE endpoint_gr", "endpoint_group"),
        ("SELECT relaps", "relapses"),
        ("SELECT quantile_c", "quantile_cont("),
        (".sch", ".schema"),
        (".schema failover_ev", "failover_events"),
    ],
)
def test_completion(before: str, word: str | None) -> None:
    words = [found.text for found in complete(before, list_functions(), COMMANDS)]
    assert word in words
    assert len(words) == len(set(words))


def test_columns_of_the_relations_that_are_named_come_first() -> None:
    words = list(complete("SELECT * FROM failovers WHERE p", list_functions(), COMMANDS))
    assert words[0].kind == "column of failovers"
    assert {word.kind for word in words if word.kind.startswith("column")} == {"column of failovers"}


def test_history_is_kept_in_the_folder_for_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert find_history_file() == tmp_path / "hopline" / "history"
    monkeypatch.setenv("XDG_STATE_HOME", "relative/is/ignored")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert find_history_file() == tmp_path / "home" / ".local" / "state" / "hopline" / "history"


class Terminal:
    """A shell on a terminal of 30 lines of 100 columns, and a person in front of it."""

    def __init__(self, folder: Path, *argv: str, **environment: str) -> None:
        self.fd, secondary = pty.openpty()
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.run = subprocess.Popen(
            [sys.executable, "-m", "hopline", "shell", *argv],
            env={
                **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LC_ALL")},
                "PYTHONPATH": str(HOME),
                "TMPDIR": str(folder),
                "XDG_STATE_HOME": str(folder / "state"),
                "TERM": "xterm-256color",
                "PYTHONIOENCODING": "utf-8",
                "PROMPT_TOOLKIT_NO_CPR": "1",
                "NO_COLOR": "1",
                **environment,
            },
            stdin=secondary,
            stdout=secondary,
            stderr=secondary,
            start_new_session=True,
            # Ctrl-C reaches only whoever has the terminal for its own.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(secondary)

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def interrupt(self) -> bool:
        """Type Ctrl-C until a query says that it was stopped: the first may come before it has begun."""
        for _ in range(20):
            time.sleep(0.5)
            self.type("\x03")
            while select.select([self.fd], [], [], 0.5)[0]:
                if b"interrupted" in os.read(self.fd, 65536):
                    return True
        return False

    def read_until(self, expression: str, seconds: float = 60) -> str:
        """Return what is shown until it matches, without escape sequences."""
        shown, deadline = b"", time.monotonic() + seconds
        while True:
            text = re.sub(r"\x1b\[[\d;?]*[ -/]*[@-~]", "", shown.decode("utf-8", "replace"))
            if re.search(expression, text):
                return text
            assert select.select([self.fd], [], [], max(0.0, deadline - time.monotonic()))[0], (
                f"waited in vain:\n{text}"
            )
            shown += os.read(self.fd, 65536)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path, str(HOME / "sample_logs" / "article"), PAGER="")
    yield opened
    opened.run.kill()
    opened.run.wait()
    os.close(opened.fd)


def test_a_person_at_a_terminal(terminal: Terminal, tmp_path: Path) -> None:
    assert "2 entries of 2 sources; .help lists the commands" in terminal.read_until("hopline>")
    terminal.type("SELECT 'over ' || 'two lines'\r")
    terminal.read_until(r"\.\.\.")
    terminal.type("AS told;\r")
    terminal.read_until(r"told\s+─+\s+over two lines")
    terminal.type("SELECT count(*) AS counted FROM reque\t")
    terminal.read_until("requests")
    terminal.type(";\r")
    terminal.read_until(r"counted\s+─+\s+2")
    terminal.type("SELECT nothing FROM requests;\r")
    terminal.read_until(r"error: Binder Error.*nothing")
    terminal.type("SELECT count(*) FROM range(9000000) a, range(9000000) b WHERE a.range % 7 = b.range % 5;\r")
    terminal.read_until(r"% 5;")
    assert terminal.interrupt(), "the query went on"
    terminal.type("SELECT 6 * 7 AS still_here;\r")
    terminal.read_until(r"still_here\s+─+\s+42")
    terminal.type(".quit\r")
    assert terminal.run.wait(timeout=20) == 0
    history = tmp_path / "state" / "hopline" / "history"
    assert "+SELECT 'over ' || 'two lines'\n+AS told;\n" in history.read_text()
    assert history.stat().st_mode & 0o077 == 0, "what was typed is nobody else's business"
    assert [file.name for file in tmp_path.iterdir()] == ["state"], "temporary files are left"


def test_long_answers_go_through_the_pager(tmp_path: Path) -> None:
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\nwc -l | sed 's/^ */paged lines: /'\n")
    pager.chmod(0o755)
    terminal = Terminal(tmp_path, str(HOME / "sample_logs" / "article"), PAGER=str(pager))
    terminal.read_until("hopline>")
    terminal.type("SELECT range AS n FROM range(100);\r")
    terminal.read_until(r"(?s)paged lines: 102.*hopline>")
    terminal.type("\x04")
    assert terminal.run.wait(timeout=20) == 0
    os.close(terminal.fd)
