"""A long run of hostile files: `run_campaign`; findings are made small and kept."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.fuzz.cases import COMPRESSIONS, Case, Problem, check, minimise
from tests.fuzz.mutation import TOKENS, Mutator
from tests.fuzz.seeds import Seeds, load_seeds

_FORMATS = (
    None,
    None,
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(:PATH)%" %RESPONSE_CODE% %DURATION% "%REQ(USER-AGENT)%" %UPSTREAM_HOST%',
    "%START_TIME(%s.%3f)% %RESPONSE_FLAGS%|%UPSTREAM_CLUSTER%|%REQ(X-A)%",
    '{"t":"%START_TIME%","code":"%RESPONSE_CODE%","who":"%REQ(USER-AGENT)% %DOWNSTREAM_REMOTE_ADDRESS%"}',
)


@dataclass(frozen=True)
class Finding:
    """A problem, and the smallest case that was found for it."""

    problem: Problem
    case: Case


def make_case(random: Random, seeds: Seeds) -> Case:
    """Return a case drawn at random."""
    mutator = Mutator(random, seeds.lines)
    block = random.choice((0, 0, 1, 7, 64, 300, 1000, 4000))
    divided = random.random() < 0.3
    kind = random.random()
    if kind < 0.6:
        group = random.choice(list(seeds.groups))
        good = [random.choice(seeds.groups[group]) for _ in range(random.randrange(6, 16))]
        hostile = sorted(random.sample(range(len(good)), random.choice((1, 1, 2))))
        for index in hostile:
            base = random.choice((good[index], good[index], mutator.any_line()))
            good[index] = mutator.mutate(base)
        ending = random.choice((b"\n", b"\n", b"\n", b"\r\n"))
        return Case(tuple(good), tuple(hostile), group, block=block, ending=ending, divided=divided)
    if kind < 0.66 and seeds.inventories:
        whole = random.choice(seeds.inventories)
        lines = whole.split(b"\n")
        for _ in range(random.randrange(1, 6)):
            index = random.randrange(len(lines))
            lines[index] = mutator.mutate(lines[index])
        return Case(tuple(lines), tuple(range(len(lines))), as_inventory=random.random() < 0.7, block=block)
    if kind < 0.75:
        document = mutator.mutate(random.choice(seeds.documents))
        return Case((document,), (0,), block=block, ending=random.choice((b"", b"\n")))
    lines = [mutator.mutate(mutator.any_line()) for _ in range(random.randrange(1, 12))]
    if random.random() < 0.1:
        lines[random.randrange(len(lines))] = random.choice(TOKENS) * random.choice((1, 3, 100))
    compression = random.choice(list(COMPRESSIONS)) if kind > 0.85 else "none"
    damage = None
    if compression != "none" and random.random() < 0.7:
        damage = (random.randrange(1 << 16), random.choice((0, random.randrange(1, 256))))
    return Case(
        tuple(lines),
        tuple(range(len(lines))),
        log_format=random.choice(_FORMATS),
        compression=compression,
        damage=damage,
        block=block,
        divided=divided,
        ending=random.choice((b"\n", b"\n", b"\r\n", b"\r", b"")),
    )


def run_campaign(
    seconds: float, seed: int, *, most: int | None = None, keep: Path | None = None
) -> tuple[int, list[Finding]]:
    """Read hostile files for so many seconds; returns how many there were, and one finding of each key.

    `most` is how many files at most: with it, the same seed always reads the same files. With `keep`, findings are
    also written there as they come.
    """
    seeds, end, cases = load_seeds(), time.monotonic() + seconds, 0
    findings: dict[str, Finding] = {}
    while time.monotonic() < end and cases != most:
        random = Random(f"{seed}:{cases}")
        case = make_case(random, seeds)
        cases += 1
        problem = check(case)
        if problem is None or problem.key in findings:
            continue
        small = minimise(case, problem.key)
        found = check(small)
        findings[problem.key] = Finding(found or problem, small)
        if keep is not None:
            _keep(findings[problem.key], keep, f"{seed}-{cases}")
    return cases, list(findings.values())


def _keep(finding: Finding, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = f"{finding.problem.key}\n{finding.problem.text}\n\n{finding.case!r}\n"
    (folder / f"{name}-{os.getpid()}.txt").write_text(text, encoding="utf-8", errors="backslashreplace")
