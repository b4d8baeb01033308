"""The lock files can be trusted and tell nothing about the machine that made them."""

import re
import subprocess
import tomllib
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
_PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)


def read_pins(name: str) -> dict[str, str]:
    return dict(_PIN.findall((HOME / name).read_text()))


def test_every_requirement_has_a_hash_and_nothing_else() -> None:
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock"):
        text = (HOME / name).read_text()
        for requirement in re.split(r"\n(?! )", text.strip()):
            assert re.fullmatch(
                r"[a-z0-9-]+==[\w.]+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+", requirement
            ), requirement
        assert "://" not in text


def test_locks_agree() -> None:
    run, dev = read_pins("requirements.lock"), read_pins("requirements-dev.lock")
    assert run.items() <= dev.items() <= read_pins("requirements-bench.lock").items()


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((HOME / "pyproject.toml").read_text())
    run, dev = read_pins("requirements.lock"), read_pins("requirements-dev.lock")
    for requirement in project["project"]["dependencies"]:
        assert re.match(r"[a-z0-9-]+", requirement)[0] in run  # type: ignore[index]
    for requirement in project["dependency-groups"]["dev"]:
        if isinstance(requirement, str):
            assert re.match(r"[a-z0-9-]+", requirement)[0] in dev  # type: ignore[index]


def test_ci_script_is_a_shell_script() -> None:
    assert subprocess.run(["bash", "-n", HOME / ".ci" / "run"], check=False).returncode == 0
