"""A load balancer that hides its callers: bytes pass through, the source address becomes its own."""

from __future__ import annotations

import asyncio
import contextlib


class Relay:
    """Accepts TCP connections at one address and makes them anew, from that address, to a target."""

    def __init__(self, address: str, port: int, target: tuple[str, int]) -> None:
        self._listens = (address, port)
        self._target = target
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self) -> None:
        """Accept connections."""
        self._server = await asyncio.start_server(self._serve, *self._listens)

    def close(self) -> None:
        """Accept no more, and reset what is open."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        onward: asyncio.StreamWriter | None = None
        try:
            back, onward = await asyncio.open_connection(*self._target, local_addr=(self._listens[0], 0))
            self._writers.add(onward)
            await asyncio.gather(_copy(reader, onward), _copy(back, writer))
        except OSError:
            # The target refuses or resets: so does a load balancer.
            writer.transport.abort()
        finally:
            for end in filter(None, (writer, onward)):
                self._writers.discard(end)
                end.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until the sender has no more, then say so to the receiver."""
    while piece := await reader.read(65536):
        writer.write(piece)
        await writer.drain()
    with contextlib.suppress(OSError):
        writer.write_eof()
