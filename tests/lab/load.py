"""The clients: open-loop HTTP/1.1 traffic at a fixed rate, each request with an id of its own.

Open loop means that a slow mesh does not slow the clients down: request n is due at start + n / rate.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from . import mesh
from .mesh import Proxy, Settings
from .pods import ATTEMPT_HEADER, POD_HEADER
from .truth import Answer

USER_AGENTS = (
    b"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/ Safari/537.36",
    b"Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    b"Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    b"okhttp/5.3.0",
    b"curl/8.17.0",
)
PATHS = ("/", "/", "/", "/cart", "/products/{n}", "/products/{n}?variant=blue&size=m", "/static/app.{n}.js")


@dataclass(frozen=True)
class Request:
    """One request as the client means to send it."""

    request_id: str
    path: str = "/"
    #: None = the header is not sent.
    user_agent: bytes | None = USER_AGENTS[0]
    method: str = "GET"
    headers: tuple[tuple[bytes, bytes], ...] = ()
    #: Seconds after which the client hangs up on purpose; None = it waits for its answer.
    give_up_s: float | None = None
    #: A word for the truth table: what is odd about this request.
    kind: str = "plain"
    host: str = mesh.SERVICE
    #: Sent in place of everything else: for what is not HTTP at all.
    raw: bytes = b""

    def encode(self) -> bytes:
        """Return the bytes on the wire."""
        if self.raw:
            return self.raw
        lines = [
            f"{self.method} {self.path} HTTP/1.1".encode(),
            f"host: {self.host}".encode(),
            *((b"user-agent: " + self.user_agent,) if self.user_agent is not None else ()),
            f"x-request-id: {self.request_id}".encode(),
            *(name + b": " + value for name, value in self.headers),
        ]
        return b"\r\n".join(lines) + b"\r\n\r\n"


Planner = Callable[[int, random.Random], Request]


def plain_request(seed: int, number: int, rng: random.Random) -> Request:
    """Return an ordinary browser-like request."""
    path = rng.choice(PATHS).format(n=rng.randrange(1, 500))
    return Request(mesh.request_uuid(seed, number), path=path, user_agent=rng.choice(USER_AGENTS))


@dataclass
class _Link:
    """A keep-alive connection from a client to one ingress replica."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def abort(self) -> None:
        self.writer.transport.abort()


@dataclass
class LoadGenerator:
    """Sends requests until stopped, and keeps one `Answer` for each."""

    settings: Settings
    plan: Planner
    answers: list[Answer] = field(default_factory=list)
    #: Monotonic time of the last request that cluster1 did not answer well; see `Lab.settle`.
    last_unusual: float = 0.0
    #: Requests per second and the replicas that get them: a scenario may change both; 0 = nobody calls.
    rate: float = 0.0
    targets: list[Proxy] = field(default_factory=list)
    #: How late each request was sent (milliseconds): large when the machine was busy.
    late_ms: list[float] = field(default_factory=list)
    _idle: dict[str, list[_Link]] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event)
    _runner: asyncio.Task[None] | None = None
    _opened: int = 0

    def start(self) -> None:
        """Begin to send."""
        self.rate = self.settings.rate
        self.targets = list(self.settings.ingresses)
        self._runner = asyncio.create_task(self._run())

    async def stop_sending(self) -> None:
        """Send no more and wait for what is under way; connections stay open."""
        self._stopping.set()
        if self._runner is not None:
            await self._runner
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=self.settings.client_timeout_s + 1)

    def close(self) -> None:
        """Close every connection."""
        for links in self._idle.values():
            for link in links:
                link.abort()
        self._idle.clear()
        for task in (*self._tasks, *([self._runner] if self._runner else [])):
            task.cancel()

    async def _run(self) -> None:
        rng = random.Random(self.settings.seed)
        due = time.monotonic()
        number = 0
        while not self._stopping.is_set():
            rate = self.rate
            if not rate:
                await asyncio.sleep(0.05)
                due = time.monotonic()
                continue
            ahead = due - time.monotonic()
            if ahead > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), ahead)
                    return
            self.late_ms.append((time.monotonic() - due) * 1000)
            request = self.plan(number, rng)
            task = asyncio.create_task(self._send(request, self.targets[number % len(self.targets)]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            number += 1
            due += 1 / rate

    async def _send(self, request: Request, proxy: Proxy) -> None:
        sent = time.time_ns()
        answer = Answer(
            request_id=request.request_id,
            proxy=proxy.name,
            kind=request.kind,
            method=request.method,
            path=request.path,
            sent_us=sent // 1000,
        )
        link: _Link | None = None
        try:
            limit = request.give_up_s if request.give_up_s is not None else self.settings.client_timeout_s
            async with asyncio.timeout(limit):
                link = await self._link(proxy)
                answer.sent_us = time.time_ns() // 1000
                link.writer.write(request.encode())
                status, headers = await _read_response(link.reader, request.method)
            answer.status = status
            answer.pod = headers.get(POD_HEADER, "")
            answer.attempt = int(headers.get(ATTEMPT_HEADER, 0)) or None
            answer.grpc_status = headers.get("grpc-status", "")
            if headers.get("connection", "") == "close":
                link.abort()
            else:
                self._idle[proxy.name].append(link)
        except TimeoutError:
            answer.error = "gave up" if request.give_up_s is not None else "timeout"
            if link:
                link.abort()
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            answer.error = type(error).__name__
            if link:
                link.abort()
        answer.answered_us = time.time_ns() // 1000
        if answer.failed or answer.cluster == "cluster2":
            self.last_unusual = time.monotonic()
        self.answers.append(answer)

    async def _link(self, proxy: Proxy) -> _Link:
        idle = self._idle.setdefault(proxy.name, [])
        while idle:
            link = idle.pop()
            if not link.reader.at_eof() and not link.writer.transport.is_closing():
                return link
        source = mesh.CLIENT_ADDRESSES[self._opened % len(mesh.CLIENT_ADDRESSES)]
        self._opened += 1
        reader, writer = await asyncio.open_connection(proxy.address, mesh.INGRESS_PORT, local_addr=(source, 0))
        return _Link(reader, writer)


async def _read_response(reader: asyncio.StreamReader, method: str) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ")[1])
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
    if method == "HEAD" or status in (204, 304):
        return status, headers
    if "content-length" in headers:
        await reader.readexactly(int(headers["content-length"]))
    elif headers.get("transfer-encoding") == "chunked":
        while size := int((await reader.readuntil(b"\r\n")), 16):
            await reader.readexactly(size + 2)
        await reader.readuntil(b"\r\n")
    return status, headers
