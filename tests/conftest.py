"""What holds for every test."""

import os

from hypothesis import HealthCheck, settings

from tests.examples import examples

if "PYTEST_XDIST_WORKER" in os.environ:
    # Every core has a worker of its own: threads that polars and OpenBLAS start for each other core are in the way.
    os.environ.update(POLARS_MAX_THREADS="1", OPENBLAS_NUM_THREADS="1")

# A busy machine is slow, and that is no finding.
_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "max_examples": examples(60)}
settings.register_profile("hopline", **_COMMON)
settings.register_profile("hopline-ci", **_COMMON, derandomize=True, database=None)
settings.load_profile("hopline-ci" if settings.get_current_profile_name() == "ci" else "hopline")
