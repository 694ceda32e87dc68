#!/usr/bin/env python3
"""A server of NetFrameV1 made with Python's `websockets`; what it does is in src/lib.rs."""

import struct
from socket import SHUT_RDWR

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

HELLO, ECHO, ECHO_IN_PIECES, CLOSE, FLOOD, VANISH = range(1, 7)
PATIENCE_SECONDS = 15


def pieces(socket, body):
    yield body[:2]
    if not socket.ping(b"between").wait(PATIENCE_SECONDS):
        raise TimeoutError("no Pong came")
    yield body[2:4]
    yield body[4:]


def talk(socket):
    socket.send(struct.pack("<i", HELLO))
    for body in socket:
        opcode, payload = struct.unpack("<i", body[:4])[0], body[4:]
        if opcode == ECHO:
            socket.send(body)
        elif opcode == ECHO_IN_PIECES:
            socket.send(pieces(socket, body))
        elif opcode == CLOSE:
            socket.close(4000, payload.decode())
        elif opcode == FLOOD:
            for number in range(struct.unpack("<I", payload)[0]):
                socket.send(struct.pack("<iI", FLOOD, number))
        elif opcode == VANISH:
            socket.socket.shutdown(SHUT_RDWR)


def handle(socket):
    try:
        talk(socket)
    except ConnectionClosed:
        pass
    print(f"closed with {socket.close_code} {socket.close_reason}", flush=True)


with serve(handle, "127.0.0.1", 0, subprotocols=["tinyrealm.v2"], max_size=1 << 16) as server:
    print(f"listening on 127.0.0.1:{server.socket.getsockname()[1]}", flush=True)
    server.serve_forever()
