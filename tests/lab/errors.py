"""What can go wrong in the lab, each with a message fit to show."""

from __future__ import annotations


class LabError(Exception):
    """The lab cannot run or a recording is not usable; `str(error)` says why and what to do."""


class EnvoyMissingError(LabError):
    """There is no Envoy binary on this machine."""


class LabBusyError(LabError):
    """Another lab runs on this machine: two would share ports without an error and mix their logs."""
