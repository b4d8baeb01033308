"""What holds for every test."""

from hypothesis import HealthCheck, settings

# A busy machine is slow, and that is no finding.
settings.register_profile("hopline", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile(
    "hopline-ci", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None
)
settings.load_profile("hopline-ci" if settings.get_current_profile_name() == "ci" else "hopline")
