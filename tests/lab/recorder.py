"""What a run leaves on disk: inventory dumps, outlier events, the two cuts of the logs, the truth."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import mesh
from .config import Files
from .envoy import EnvoyProcess
from .mesh import Proxy

#: In dumps the folder of the run is renamed to where Istio keeps such files: nobody's machine is in them.
MESH_FOLDER = "/etc/istio/proxy"


def time_name() -> str:
    """Return the time now as it stands in file names: UTC with milliseconds, no colons."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")[:-3] + "Z"


async def save_inventory(envoy: EnvoyProcess, when: str, files: Files, folder: Path) -> None:
    """Save `/clusters` and `/config_dump?include_eds` of one gateway."""
    proxy = envoy.proxy
    target = folder / proxy.site.name / proxy.workload
    target.mkdir(parents=True, exist_ok=True)
    stem = f"{time_name()}-{when}-{proxy.name}"
    clusters = await envoy.get("/clusters")
    dump = json.loads((await envoy.get("/config_dump?include_eds")).replace(*_rename(files)))
    (target / f"{stem}-clusters.txt").write_bytes(clusters)
    packed = json.dumps(_compact(dump), separators=(",", ":")).encode()
    (target / f"{stem}-config_dump.json.gz").write_bytes(gzip.compress(packed, 9, mtime=0))


def _rename(files: Files) -> tuple[bytes, bytes]:
    return str(files.root).encode(), MESH_FOLDER.encode()


def _compact(dump: dict[str, Any]) -> dict[str, Any]:
    """Drop Envoy's list of 800 compiled-in extensions from the bootstrap: no one declared those."""
    for config in dump["configs"]:
        config.get("bootstrap", {}).get("node", {}).pop("extensions", None)
    return dump


def save_outlier_events(files: Files, proxies: Sequence[Proxy], folder: Path) -> None:
    """Copy the outlier-event logs that hold anything."""
    for proxy in proxies:
        source = files.outlier_log(proxy)
        if source.exists() and source.stat().st_size:
            target = folder / proxy.site.name / proxy.workload
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target / f"{proxy.name}.outlier-events.log")


def cut_logs(files: Files, folder: Path) -> None:
    """Copy the access logs as they stand now, in both encodings."""
    shutil.copytree(files.root / "logs", folder)


def log_sizes(files: Files) -> dict[str, int]:
    """Return the size of every log of the run, to see when Envoy has written them out."""
    return {str(path): path.stat().st_size for path in sorted((files.root / "logs").rglob("*.log"))}


def count_lines(folder: Path) -> dict[str, int]:
    """Return the number of lines of each log, by its path inside `folder`."""
    return {
        str(path.relative_to(folder).with_suffix("")): path.read_bytes().count(b"\n")
        for path in sorted(folder.rglob("*.log"))
    }


def prepare_folders(files: Files, proxies: Sequence[Proxy], pods: Sequence[mesh.PodSpec]) -> None:
    """Make the folders that Envoy writes into: it opens files but makes no folder."""
    paths = [files.text_log(p.site, p.workload, p.name) for p in proxies]
    paths += [files.json_log(p.site, p.workload, p.name) for p in proxies]
    paths += [files.text_log(pod.site, "frontend", pod.name) for pod in pods]
    paths += [files.json_log(pod.site, "frontend", pod.name) for pod in pods]
    paths += [files.outlier_log(proxies[0]), files.eds(proxies[0])]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
