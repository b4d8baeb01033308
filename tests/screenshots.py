"""`python -m tests.screenshots`: the pictures in docs/images/, of real reports on sample logs, taken with Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
IMAGES = HOME / "docs" / "images"
#: Blink's own numbers for a preferred colour scheme.
_SCHEMES = {"light": 1, "dark": 0}
_SAMPLES = {"crash": ("light", "dark"), "brownout": ("light",), "scale_to_zero": ("light",)}


def find_chromium() -> str | None:
    """Return the path of a Chromium, or None."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


def take(page: Path, image: Path, *, scheme: str = "light", width: int = 1280, height: int = 1500) -> None:
    """Take a picture of the top `width` x `height` pixels of a page; raises CalledProcessError."""
    chromium = find_chromium()
    if chromium is None:
        raise SystemExit("no Chromium on this machine: apt-get install chromium")
    with tempfile.TemporaryDirectory(prefix="hopline-chromium-", ignore_cleanup_errors=True) as profile:
        subprocess.run(
            [
                chromium,
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--virtual-time-budget=5000",
                f"--user-data-dir={profile}",
                f"--blink-settings=preferredColorScheme={_SCHEMES[scheme]}",
                f"--window-size={width},{height}",
                f"--screenshot={image}",
                page.as_uri(),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )


def main() -> int:
    """Take every picture anew."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for sample, schemes in _SAMPLES.items():
            page = Path(folder) / f"{sample}.html"
            argv = [sys.executable, "-m", "hopline", "report", f"sample_logs/{sample}", "-o", str(page)]
            subprocess.run(argv, cwd=HOME, check=True)
            for scheme in schemes:
                image = IMAGES / f"{sample}-{scheme}.png"
                take(page, image, scheme=scheme)
                print(f"wrote {image.relative_to(HOME)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
