"""Shifts: lasting changes of how requests are split, which are no failovers.

`changes` is a pure function from counts to change points; `judge` reads the counts, keeps what is a shift, and fills
the table `shifts`.
"""
