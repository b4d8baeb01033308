"""The application: small HTTP/1.1 servers, one per pod, that can be told to misbehave."""

from __future__ import annotations

import asyncio
import random
import socket
from enum import Enum
from http import HTTPStatus

from .mesh import PodSpec, Settings

#: Response headers by which the load generator learns the truth. No access log shows them.
POD_HEADER = "x-lab-pod"
ATTEMPT_HEADER = "x-lab-attempt"


_WORDS = {503: b"overloaded\n", 404: b"not found\n", 429: b"slow down\n"}


class Mood(Enum):
    """How a pod treats its callers."""

    ANSWER = "answer"
    FAIL = "answer 503"
    HANG = "never answer"
    REJECT = "answer 404 or 429"


class Pod:
    """One pod: `listen()` and `refuse()` open and close its port, `mood` says how it answers."""

    def __init__(self, spec: PodSpec, settings: Settings, median_ms: float) -> None:
        self.spec = spec
        self.mood = Mood.ANSWER
        #: Requests that reached the pod, by HTTP status (0 = left without an answer): retried ones count too.
        self.seen: dict[int, int] = {}
        self._median_ms = median_ms
        self._random = random.Random(f"{settings.seed}/{spec.name}")
        self._server: asyncio.Server | None = None
        self._deaf: list[socket.socket] = []
        self._connections: set[_Connection] = set()
        self._body = (b"<p>hello from the frontend</p>\n" * (settings.body_bytes // 31 + 1))[: settings.body_bytes]

    @property
    def frozen(self) -> bool:
        """True from `freeze` to `thaw`."""
        return bool(self._deaf)

    async def listen(self) -> None:
        """Accept connections."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(
                lambda: _Connection(self), self.spec.address, self.spec.app_port, backlog=1024
            )

    def refuse(self, *, abort: bool = True) -> None:
        """Close the port: connections are refused from now on, open ones reset (or closed when idle)."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for connection in list(self._connections):
            connection.drop(abort=abort)

    def freeze(self) -> None:
        """Do nothing any more, as a stopped process or a dead node: what is sent vanishes, nothing is refused.

        Open connections stay silent. New ones get no answer either: the queue of the listening socket is full.
        """
        self.mood = Mood.HANG
        if self._server is not None:
            self._server.close()
            self._server = None
        where = (self.spec.address, self.spec.app_port)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(0)
        self._deaf = [listener]
        for _ in range(2):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(where)
            self._deaf.append(filler)

    async def thaw(self) -> None:
        """Serve again, as after a reboot: old connections are reset."""
        for one in self._deaf:
            one.close()
        self._deaf = []
        for connection in list(self._connections):
            connection.drop(abort=True)
        self.mood = Mood.ANSWER
        await self.listen()

    def count(self, status: int) -> None:
        """Count one request that ended with `status`."""
        self.seen[status] = self.seen.get(status, 0) + 1

    def service_s(self) -> float:
        """Draw a service time: log-normal around the median, as real ones are."""
        return self._median_ms / 1000 * self._random.lognormvariate(0, 0.35)

    def respond(self, head: bytes) -> tuple[int, bytes]:
        """Return the status and the bytes of the answer to one request."""
        lines = head.split(b"\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in lines[1:] if b": " in line)
        status = {Mood.FAIL: 503, Mood.REJECT: 404 if sum(lines[0]) % 2 else 429}.get(self.mood, 200)
        grpc = headers.get(b"content-type", b"").startswith(b"application/grpc")
        body = b"" if grpc else _WORDS.get(status) or self._body[: self._size(lines[0])]
        out = [
            b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode()),
            b"content-type: " + (b"application/grpc" if grpc else b"text/html; charset=utf-8"),
            b"content-length: %d" % len(body),
            b"%s: %s" % (POD_HEADER.encode(), self.spec.name.encode()),
            b"%s: %s" % (ATTEMPT_HEADER.encode(), headers.get(b"x-envoy-attempt-count", b"1")),
        ]
        if grpc:
            # A response of headers only: the status stands where trailers would put it.
            out.append(b"grpc-status: %d" % (0 if status == 200 else 14))
        return status, b"\r\n".join(out) + b"\r\n\r\n" + (b"" if head.startswith(b"HEAD ") else body)

    def _size(self, request_line: bytes) -> int:
        # A page is always as long as its path says, so that sizes vary as they do in life.
        return len(self._body) - sum(request_line) % 701


class _Connection(asyncio.Protocol):
    """One connection to a pod: requests one after another, bodies ignored (the lab sends none)."""

    def __init__(self, pod: Pod) -> None:
        self._pod = pod
        self._buffer = b""
        self._waiting = 0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._pod._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._pod._connections.discard(self)
        for _ in range(self._waiting):
            self._pod.count(0)
        self._waiting, self._transport = 0, None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while b"\r\n\r\n" in self._buffer:
            head, self._buffer = self._buffer.split(b"\r\n\r\n", 1)
            self._waiting += 1
            if self._pod.mood is not Mood.HANG:
                asyncio.get_running_loop().call_later(self._pod.service_s(), self._answer, head)

    def _answer(self, head: bytes) -> None:
        if self._transport is None or self._pod.frozen:
            return
        status, answer = self._pod.respond(head)
        self._transport.write(answer)
        self._waiting -= 1
        self._pod.count(status)

    def drop(self, *, abort: bool) -> None:
        """End the connection: reset it, or close it in peace."""
        if self._transport is not None:
            (self._transport.abort if abort else self._transport.close)()
