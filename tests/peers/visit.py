#!/usr/bin/env python3
"""Visits a realm through Python's `websockets`: visit.py HOST:PORT MOVES [AUTHORITY]

With AUTHORITY, a file, it comes by `wss:`, and trusts nobody else.
Every third body goes in three pieces with a Ping between them.
"""

import asyncio
import pathlib
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "interop"))
from client import PAGE, TIMEOUT_SECONDS, Bad, Link, trusting, visit

SUBPROTOCOL = "tinyrealm.v2"
NORMAL, UNSUPPORTED = 1000, 1003


class WebLink(Link):
    """By asyncio, one step at a time: with threads, one that reads the tickets of TLS 1.3 while another writes makes
    Python's ssl forget what was to be written."""

    authority = None
    loop = asyncio.new_event_loop()

    def do(self, action):
        return self.loop.run_until_complete(asyncio.wait_for(action, TIMEOUT_SECONDS))

    def connect(self, address):
        # Without a bound on what waits unread, because Pongs stand behind it.
        trust = {"ssl": trusting(self.authority)} if self.authority else {}

        async def open_link():
            return await connect(
                f"{'wss' if trust else 'ws'}://{address}/", subprotocols=[SUBPROTOCOL], max_queue=None, **trust
            )

        self.socket = self.do(open_link())
        if self.socket.subprotocol != SUBPROTOCOL:
            raise Bad(f"the sub-protocol is {self.socket.subprotocol}")
        self.sent = 0

    def send_body(self, body):
        self.sent += 1
        self.do(self.socket.send(self.in_pieces(body) if self.sent % 3 == 0 else body))

    async def in_pieces(self, body):
        third = len(body) // 3
        yield body[:third]
        await (await self.socket.ping(b"between"))
        yield body[third : 2 * third]
        yield body[2 * third :]

    def receive_body(self):
        body = self.do(self.socket.recv())
        if isinstance(body, str):
            raise Bad("a text")
        return body

    def expect_end(self, code=NORMAL):
        try:
            self.do(self.socket.recv())
        except ConnectionClosed as closed:
            if closed.rcvd is None or closed.rcvd.code != code:
                raise Bad(f"closed with {closed.rcvd} instead of {code}")
            return
        raise Bad("the server goes on behind its end")

    def close(self):
        self.do(self.socket.close(NORMAL))
        if self.socket.close_code != NORMAL:
            raise Bad(f"a Close is answered with {self.socket.close_code}")


def say_text(address):
    link = WebLink(None, address)
    link.do(link.socket.send("a text"))
    link.receive_body()  # an Error, which says so in the realm's own words
    link.expect_end(UNSUPPORTED)
    print("a text is refused")


try:
    WebLink.authority = sys.argv[3] if len(sys.argv) > 3 else None
    text = PAGE.read_text(encoding="utf-8")
    visit(text, sys.argv[1], int(sys.argv[2]), WebLink)
    say_text(sys.argv[1])
except (Bad, OSError, TimeoutError, ConnectionClosed) as problem:
    sys.exit(f"visit.py: {problem!r}")
