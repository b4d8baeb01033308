"""The built wheel works where nothing else of this repository is."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from functools import partial
from pathlib import Path

import pytest

from tests.once import make_once

HOME = Path(__file__).resolve().parents[2]
SAMPLE = HOME / "sample_logs" / "crash"


def run(*argv: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "COLUMNS")}
    return subprocess.run(
        [str(word) for word in argv],
        cwd=folder,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_once(tmp_path_factory, "wheel", build)


def build(folder: Path) -> Path:
    options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
    done = run(sys.executable, "-m", "pip", "wheel", *options, HOME, folder=folder)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and the libraries of this one, but nothing of this repository."""
    return make_once(tmp_path_factory, "environment", partial(install, wheel))


def install(wheel: Path, home: Path) -> Path:
    assert run(sys.executable, "-m", "venv", "--without-pip", home, folder=home).returncode == 0
    python = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    done = run(*pip, folder=home)
    assert done.returncode == 0, done.stderr
    (site,) = home.glob("lib/python*/site-packages")
    # A .pth file within that folder is not followed, so an editable hopline of this environment stays out of sight.
    (site / "libraries.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    return home / "bin"


def test_holds_what_is_not_python(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    kinds = (".sql", ".toml", ".html", ".css", ".js", ".j2", ".jinja", ".typed", ".svg")
    wanted = {
        str(file.relative_to(HOME))
        for room in ("ingest", "analysis", "reports", "hopline")
        for file in (HOME / room).rglob("*")
        if file.suffix in kinds
    }
    assert {name.partition("/")[0] for name in wanted} == {"ingest", "analysis", "reports", "hopline"}
    assert wanted <= names
    assert not [name for name in names if name.startswith(("tests/", "sample_logs/", "docs/"))]
    assert any(name.endswith("licenses/LICENSE") for name in names)


@pytest.mark.parametrize("start", [("hopline",), ("python", "-m", "hopline")], ids=["script", "module"])
@pytest.mark.parametrize("lies_there", [pytest.param("nothing", marks=pytest.mark.soak), "a package named reports"])
def test_reports_from_any_folder(installed: Path, tmp_path: Path, start: tuple[str, ...], lies_there: str) -> None:
    if lies_there != "nothing":
        (tmp_path / "reports").mkdir()
        (tmp_path / "reports" / "__init__.py").write_text("raise SystemExit('the wrong reports')\n")
    program, *more = start
    done = run(installed / program, *more, "report", SAMPLE, "-o", "incident.html", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    page = (tmp_path / "incident.html").read_text()
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "frontend.mycompany.mesh" in page


def test_no_other_copy_is_in_sight(installed: Path, tmp_path: Path) -> None:
    code = "import hopline, ingest, analysis, reports; print(hopline.__file__, ingest.__file__, reports.__file__)"
    shown = run(installed / "python", "-c", code, folder=tmp_path).stdout
    assert shown
    assert str(HOME) not in shown
