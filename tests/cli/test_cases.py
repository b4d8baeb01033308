"""Whole command lines as data: one TOML file each in cases/.

about     = what it shows
argv      = the arguments; {samples} is the folder of sample logs
exit_code = 0
first     = command lines that run before, and must succeed
stdin     = text on standard input
stdout    = regular expression for all of it, or a list of expressions that each must be found
stderr    = the same for standard error
[files]   = file -> text, {hex = "..."}, {copy = "path in sample_logs"} or {folder = true}, there before
[leaves]  = file -> expression that its text must have after; false where it must not be there
[env]     = environment variables

Each runs in a process of its own that was forked from one with everything imported (warm).
"""

import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.warm import HOME, warm_commands

#: Without what the runner of the tests says of its own terminal.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
CASES = sorted((Path(__file__).parent / "cases").glob("*.toml"))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path, tmp_path: Path) -> None:
    case = tomllib.loads(path.read_text())
    work, scratch = tmp_path / "work", tmp_path / "scratch"
    work.mkdir()
    scratch.mkdir()
    for name, content in case.get("files", {}).items():
        lay(work / name, content)
    before = {file.name for file in work.iterdir()}
    told = {"PYTHONPATH": str(HOME), "TMPDIR": str(scratch), "NO_COLOR": "1"}
    environment = {**ENVIRONMENT, **told, **case.get("env", {})}

    def run(argv: list[str]) -> subprocess.CompletedProcess[bytes]:
        return warm_commands().run(
            [word.replace("{samples}", str(HOME / "sample_logs")) for word in argv],
            cwd=work,
            env=environment,
            stdin=case.get("stdin", "").encode(),
        )

    for argv in case.get("first", []):
        run(argv).check_returncode()
    done = run(case["argv"])
    stdout, stderr = done.stdout.decode(), done.stderr.decode()
    assert done.returncode == case["exit_code"], stderr
    match(case.get("stdout", ""), stdout, "stdout")
    match(case.get("stderr", ""), stderr, "stderr")
    assert "Traceback" not in stderr
    assert not list(scratch.iterdir()), "temporary files are left"
    for name, expected in case.get("leaves", {}).items():
        if expected is False:
            assert not (work / name).exists(), f"{name} must not be there"
        else:
            match(expected, (work / name).read_text(), name)
    extra = {file.name for file in work.iterdir()} - before - {Path(name).parts[0] for name in case.get("leaves", {})}
    assert not extra, f"files nobody asked for: {extra}"


def lay(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str):
        path.write_text(content)
    elif "hex" in content:
        path.write_bytes(bytes.fromhex(content["hex"]))
    elif "copy" in content:
        shutil.copyfile(HOME / "sample_logs" / content["copy"], path)
    else:
        path.mkdir()


def match(expected: str | list[str], text: str, where: str) -> None:
    if isinstance(expected, str):
        assert re.fullmatch(expected, text, re.DOTALL), f"{where} is:\n{text}"
        return
    for expression in expected:
        assert re.search(expression, text, re.MULTILINE), f"{where} lacks {expression!r}:\n{text}"
