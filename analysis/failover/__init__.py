"""From requests to failovers: coarse by the second, then exact between two requests.

`stretches` reads the coarse counts, `spans` finds the periods in which the primary was not itself, `instants` puts
every instant between two requests, `triggers` says what set it off, `incidents` groups what belongs together, and
`judge` runs them. All but `judge` are pure functions.
"""
