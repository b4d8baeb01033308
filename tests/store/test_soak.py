"""SIGKILL at random moments of a real ingest."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from ingest.store import verify_store
from tests.store.world import HOME, World, expect, make_lines

ROUNDS = int(os.environ.get("HOPLINE_SOAK_KILLS", "200"))


@pytest.mark.soak
def test_killed_at_random_moments(world: World) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    dice = random.Random(seed)
    logs = [world.write(f"logs/{name}.log", make_lines(1000 * n, 400)) for n, name in enumerate("abc")]
    wholes = [expect(range(1000 * n, 1000 * n + 400)) for n in range(3)]
    command = [sys.executable, "-m", "hopline", "ingest", *map(str, logs), "--store", str(world.store)]
    environment = {**os.environ, "PYTHONPATH": str(HOME)}
    begun = time.monotonic()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    lasted = time.monotonic() - begun
    assert world.read_paths() == [path for whole in wholes for path in whole]
    states = set()
    for round_ in range(ROUNDS):
        if dice.random() < 0.7:
            shutil.rmtree(world.store, ignore_errors=True)
        process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.3, 1.1) * lasted)
        process.send_signal(signal.SIGKILL)
        process.wait()
        paths = world.read_paths() if (world.store / "store.json").exists() else []
        count = 0
        for whole in wholes:
            held = [path for path in paths if path in set(whole)]
            assert held in ([], whole), f"round {round_}: half a source is visible"
            count += bool(held)
        states.add(count)
    print(f"{ROUNDS} kills; sources held afterwards: {sorted(states)}")
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert world.read_paths() == [path for whole in wholes for path in whole]
    assert not [finding for finding in verify_store(world.store) if finding.is_damage and finding.kind != "unlisted"]
