"""What asks the server for a command line. As a program it is `hopline` for a shell, and imports next to nothing."""

from __future__ import annotations

import json
import os
import socket
import sys

ENDED = b"\n"


def ask(
    server: str, argv: list[str], streams: list[int], *, cwd: str, env: dict[str, str], timeout_s: float = 120
) -> int | None:
    """Have `hopline ARGV` run with these descriptors as its standard streams.

    Return its exit code, negative where a signal ended it, None where it took longer than `timeout_s` seconds.
    """
    asked = {"argv": argv, "cwd": cwd, "env": env, "timeout_s": timeout_s}
    with socket.socket(socket.AF_UNIX) as line, line.makefile("rb") as answer:
        line.connect(server)
        socket.send_fds(line, [json.dumps(asked).encode() + ENDED], streams)
        code: int | None = json.loads(answer.readline())
        return code


if __name__ == "__main__":
    _code = ask(sys.argv[1], sys.argv[2:], [0, 1, 2], cwd=os.getcwd(), env=dict(os.environ))
    sys.exit(124 if _code is None else _code)
