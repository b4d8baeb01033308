"""Colours: Okabe and Ito's, which keep apart for colour-blind readers, each with its counterpart for dark pages.

A figure is drawn in the light colours; the page swaps each for its counterpart, so every light colour stands once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

PAPER = "#ffffff"
TEXT = "#1c2128"
MUTED = "#57606a"
GRID = "#e4e7eb"
RULE = "#6b7480"
GAP = "#8a929c"
BOX = "#2f3640"
EDGE = "#5b6470"

FAILED = "#c8102e"
#: Failed requests of different kinds, told apart by lightness first.
FAILURES = ("#c8102f", "#5c0a18", "#f0958f", "#9b6a6c", "#3b3b3d", "#b9a3a4")

PRIMARY = "#0072b2"
SECONDARY = "#e69f00"
NOBODY = "#9aa1ab"
#: Groups past the first two.
FURTHER = ("#009e73", "#cc79a7", "#56b4e9", "#7f6b1a", "#8a5fbf", "#4d5a66")

#: The pale end of the scale that a group's endpoint strips are drawn in.
PALE: Mapping[str, str] = {
    PRIMARY: "#cfe3f1",
    SECONDARY: "#fbe7bf",
    NOBODY: "#eceef0",
    FURTHER[0]: "#c7ebdf",
    FURTHER[1]: "#f5e0ed",
    FURTHER[2]: "#daf0fc",
    FURTHER[3]: "#e8e2c9",
    FURTHER[4]: "#e5dbf2",
    FURTHER[5]: "#d5dadf",
}

#: Phases, as bands behind their names.
PHASES: Mapping[str, str] = {
    "healthy": "#dbe8f4",
    "failing": "#f6c9cd",
    "partial": "#e9edcb",
    "on_secondary": "#fce5b4",
    "relapse": "#f6c9ce",
    "outage": "#eba3aa",
    "failback": "#e9edcc",
    "incident": "#f6c9cf",
}

#: Light colour -> what takes its place on a dark page.
DARK: Mapping[str, str] = {
    PAPER: "#161b22",
    TEXT: "#e6e9ee",
    MUTED: "#9aa5b1",
    GRID: "#2a313a",
    RULE: "#8b949e",
    GAP: "#7d8590",
    BOX: "#c4ccd6",
    EDGE: "#a3adb8",
    FAILED: "#ff5a6a",
    FAILURES[0]: "#ff5a6b",
    FAILURES[1]: "#a81f35",
    FAILURES[2]: "#ffc1bb",
    FAILURES[3]: "#c79a9c",
    FAILURES[4]: "#d6d6d8",
    FAILURES[5]: "#7d6c6d",
    PRIMARY: "#3d9fdb",
    SECONDARY: "#eba91a",
    NOBODY: "#757d88",
    FURTHER[0]: "#2bbd92",
    FURTHER[1]: "#dc92ba",
    FURTHER[2]: "#7cc8f2",
    FURTHER[3]: "#b7a248",
    FURTHER[4]: "#ab86dc",
    FURTHER[5]: "#8d9aa7",
    PALE[PRIMARY]: "#17364d",
    PALE[SECONDARY]: "#46360f",
    PALE[NOBODY]: "#2a2f36",
    PALE[FURTHER[0]]: "#11392e",
    PALE[FURTHER[1]]: "#412c39",
    PALE[FURTHER[2]]: "#20394a",
    PALE[FURTHER[3]]: "#35301a",
    PALE[FURTHER[4]]: "#33284a",
    PALE[FURTHER[5]]: "#29313a",
    PHASES["healthy"]: "#1c3448",
    PHASES["failing"]: "#5e2029",
    PHASES["partial"]: "#39401d",
    PHASES["on_secondary"]: "#4c3a10",
    PHASES["relapse"]: "#5e202a",
    PHASES["outage"]: "#7d2433",
    PHASES["failback"]: "#39401e",
    PHASES["incident"]: "#5e202b",
}


def assign_colours(groups: Sequence[tuple[str | None, str]]) -> dict[tuple[str | None, str], str]:
    """Return a colour for each (endpoint group, role): the primary blue, the first secondary orange."""
    colours: dict[tuple[str | None, str], str] = {}
    further = iter((SECONDARY, *FURTHER) if any(role == "secondary" for _, role in groups) else FURTHER)
    for key in groups:
        group, role = key
        if group is None or role == "none":
            colours[key] = NOBODY
        elif role == "primary":
            colours[key] = PRIMARY
    for key in groups:
        if key not in colours:
            colours[key] = next(further, FURTHER[-1])
    return colours
