"""How hopline starts: at once, and with its own packages."""

import os
import subprocess
import sys
from pathlib import Path

import hopline

HOME = Path(hopline.__file__).resolve().parent.parent
HEAVY = ("polars", "pyarrow", "duckdb", "plotly", "jinja2", "rich", "numpy", "prompt_toolkit")


def run_python(code: str, **kwargs: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, **kwargs
    )
    return done.stdout


def test_help_and_import_load_nothing_heavy() -> None:
    for code in (
        "import hopline; hopline.HoplineError",
        "from hopline.cli import run; run(['--help'])",
        "from hopline.cli import run; run(['report', '--help'])",
        "from hopline.cli import run; run(['--version'])",
        "from hopline.cli import run; run(['report'])",
    ):
        loaded = run_python(f"{code}\nimport sys; print(*sorted(sys.modules), file=sys.stdout)").split()
        assert not set(HEAVY) & set(loaded), f"{code} imported {set(HEAVY) & set(loaded)}"


def test_every_public_name_is_there() -> None:
    for name in hopline.__all__:
        assert getattr(hopline, name) is not None
    assert dir(hopline) == sorted(hopline.__all__)
    assert not hasattr(hopline, "nonsense")


def write_stranger(folder: Path) -> None:
    (folder / "reports").mkdir(parents=True)
    (folder / "reports" / "__init__.py").write_text("raise SystemExit('the wrong reports')\n")


def test_a_package_of_the_same_name_in_the_folder_does_no_harm(tmp_path: Path) -> None:
    write_stranger(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    done = subprocess.run(
        [sys.executable, "-m", "hopline", "schema", "failovers", "-f", "csv"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout.startswith("column,type,meaning\nfailover_id,VARCHAR,")


def test_a_package_of_the_same_name_on_the_path_is_named(tmp_path: Path) -> None:
    write_stranger(tmp_path / "theirs")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path / "theirs"), str(HOME)))}
    done = subprocess.run(
        [sys.executable, "-m", "hopline", "--version"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert f"'reports' comes from {tmp_path / 'theirs' / 'reports'}" in done.stderr
    assert "Traceback" not in done.stderr
