"""`python -m tests.axe`: fetch axe-core, which checks pages for accessibility, into the virtual environment.

One file of one version, by npm's own client, and only if it is the very file that is pinned here.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "4.14.1"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
FILE = Path(__file__).resolve().parents[1] / ".venv" / "axe-core" / f"axe-{VERSION}.min.js"


def main() -> int:
    """Fetch it unless it is there; returns the exit code."""
    if FILE.exists():
        return 0
    npm = shutil.which("npm")
    if npm is None:
        print("axe: npm is missing: apt-get install npm", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        argv = [npm, "pack", f"axe-core@{VERSION}", "--silent", "--pack-destination", folder]
        fetched = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
        if fetched.returncode:
            print(f"axe: npm pack failed: {(fetched.stderr.strip().splitlines() or [''])[-1]}", file=sys.stderr)
            return 1
        (package,) = Path(folder).glob("*.tgz")
        found = "sha512-" + base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        if found != INTEGRITY:
            print(f"axe: the package is not the pinned one: {found}", file=sys.stderr)
            return 1
        with tarfile.open(package) as archive:
            member = archive.extractfile("package/axe.min.js")
            assert member is not None
            FILE.parent.mkdir(parents=True, exist_ok=True)
            aside = FILE.with_suffix(".part")
            aside.write_bytes(member.read())
            aside.replace(FILE)
    print(f"axe: {FILE.name} is there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
