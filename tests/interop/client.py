#!/usr/bin/env python3
"""A client of Tinyrealm that knows PROTOCOL.md and nothing else.

It takes the layout of every message from the tables of that page, so it checks the page as much as
the servers. Standard library only.

  client.py --vectors PROTOCOL.md           decodes and encodes every vector of vectors.json
  client.py --main HOST:PORT [--moves N]    visits a running realm: hello, enter, join, N moves, leave
"""

import argparse
import hashlib
import hmac
import json
import pathlib
import re
import socket
import ssl
import struct
import sys
import time

PAGE = pathlib.Path(__file__).resolve().parents[2] / "PROTOCOL.md"
TIMEOUT_SECONDS = 15
VERSIONS = {"from": 2, "to": 2}
ANY_ROOM = {"kind": 0, "name": "", "mode": "", "secret": "", "options": "", "is_listed": False, "places": 0}

VISIT_VECTORS = """Hello Welcome EnterWorldReq EnterWorldAck Join JoinOk Move MoveBroadcast Event
    EventBroadcast RoomSnapshot Ping Pong Error""".split()


class Bad(Exception):
    """Bytes that are no message, or a realm that does not do what the page says."""


def read_page(text):
    """The messages by opcode, and the structures by name, each with its fields."""
    messages, structures, fields = {}, {}, None
    for line in text.splitlines():
        heading = re.match(r"### `(\w+)`(?: `0x(\w{4})`)?$", line)
        row = re.match(r"\| `(\w+)` \| `([^`]+)` \|", line)
        if heading:
            fields = []
            if heading[2]:
                messages[int(heading[2], 16)] = (heading[1], fields)
            else:
                structures[heading[1]] = fields
        elif line.startswith("#"):
            fields = None
        elif row and fields is not None:
            fields.append((row[1], row[2]))
    return messages, structures


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(out) + bytes([number])


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise Bad("the payload ends too early")
        self.at += count
        return self.data[self.at - count : self.at]

    def varint(self, bits):
        number = 0
        for place in range(0, bits, 7):
            byte = self.take(1)[0]
            number |= (byte & 0x7F) << place
            if byte == 0 and place > 0:
                raise Bad("a number is longer than it has to be")
            if byte < 0x80 and number < 1 << bits:
                return number
        raise Bad("a number is too long")


def parts(kind):
    """Shape, size and inner type: `list(16, member)` is `list`, `16`, `member`."""
    return re.match(r"(\w+)(?:[(\[](\d*)(?:, )?(.*)[)\]])?$", kind).groups()


class Codec:
    def __init__(self, text):
        self.messages, self.structures = read_page(text)
        self.opcodes = {name: opcode for opcode, (name, _) in reversed(self.messages.items())}

    def encode(self, kind, value):
        shape, _, inner = parts(kind)
        if shape in ("u16", "u32", "u53"):
            return varint(value)
        if shape == "u8":
            return bytes([value])
        if shape == "i32":
            return varint(value * 2 if value >= 0 else -value * 2 - 1)
        if shape == "bool":
            return b"\1" if value else b"\0"
        if shape == "byte":
            return bytes.fromhex(value)
        if shape in ("text", "bytes"):
            data = value.encode() if shape == "text" else bytes.fromhex(value)
            return varint(len(data)) + data
        if shape == "option":
            return b"\0" if value is None else b"\1" + self.encode(inner, value)
        if shape == "list":
            return varint(len(value)) + b"".join(self.encode(inner, item) for item in value)
        return self.encode_fields(self.structures[shape], value)

    def encode_fields(self, fields, values):
        return b"".join(self.encode(kind, values[name]) for name, kind in fields)

    def decode(self, kind, reader):
        shape, size, inner = parts(kind)
        if shape in ("u16", "u32", "u53"):
            return reader.varint(int(shape[1:]))
        if shape == "u8":
            return reader.take(1)[0]
        if shape == "i32":
            number = reader.varint(32)
            return number >> 1 if number & 1 == 0 else -(number >> 1) - 1
        if shape == "bool":
            value = reader.take(1)[0]
            if value > 1:
                raise Bad("a bool is neither 0 nor 1")
            return value == 1
        if shape == "byte":
            return reader.take(int(size)).hex()
        if shape == "option":
            is_there = reader.take(1)[0]
            if is_there > 1:
                raise Bad("an option is neither 0 nor 1")
            return self.decode(inner, reader) if is_there else None
        if shape in ("text", "bytes", "list"):
            count = reader.varint(32)
            if count > int(size):
                raise Bad("longer than its limit")
            if shape == "list":
                return [self.decode(inner, reader) for _ in range(count)]
            return reader.take(count).decode() if shape == "text" else reader.take(count).hex()
        return self.decode_fields(self.structures[shape], reader)

    def decode_fields(self, fields, reader):
        return {name: self.decode(kind, reader) for name, kind in fields}

    def body(self, opcode, values):
        return struct.pack("<i", opcode) + self.encode_fields(self.messages[opcode][1], values)

    def message(self, body):
        """Name and values of a body; `None` as the name of an unknown opcode, which is no error."""
        opcode = struct.unpack("<i", body[:4])[0]
        if opcode not in self.messages:
            return None, {}
        name, fields = self.messages[opcode]
        reader = Reader(body[4:])
        values = self.decode_fields(fields, reader)
        if reader.at != len(reader.data):
            raise Bad("bytes are left over")
        return name, values


def frame(body):
    return struct.pack("<H", len(body)) + body


def vectors(kind):
    """The vectors that decode, or those that must not: `valid` or `invalid`."""
    return json.loads((PAGE.parent / "vectors.json").read_text(encoding="utf-8"))[kind]


def fails(codec, body):
    try:
        codec.message(body)
    except (Bad, UnicodeDecodeError):
        return True
    return False


def check_vectors(text):
    codec, seen = Codec(text), set()
    for vector in vectors("valid"):
        name, values, whole = vector["message"], vector["fields"], bytes.fromhex(vector["frame"])
        length, body = struct.unpack("<H", whole[:2])[0], whole[2:]
        opcode = struct.unpack("<i", body[:4])[0]
        expected = (len(body), (name, values), body)
        found = (length, codec.message(body), codec.body(opcode, values))
        if found != expected:
            raise Bad(f"{name}: {found} instead of {expected}")
        if not all(fails(codec, body[:end]) for end in range(4, len(body))):
            raise Bad(f"{name}: a part of it decodes")
        if not fails(codec, body + b"\0"):
            raise Bad(f"{name}: it decodes with a byte too many")
        seen.add(opcode)
    for vector in vectors("invalid"):
        if not fails(codec, bytes.fromhex(vector["frame"])[2:]):
            raise Bad(f"{vector['message']} decodes: {vector['why']}")
    missing = [name for opcode, (name, _) in codec.messages.items() if opcode not in seen]
    if missing or any(name not in codec.opcodes for name in VISIT_VECTORS):
        raise Bad(f"messages without a vector: {missing}")
    print(f"{len(vectors('valid'))} vectors of {len(seen)} messages hold")


# The salt of keys, and how what is proven begins.
LABEL = b"tinyrealm cluster v2"


def hmac_of(key, about):
    return hmac.new(key, about, hashlib.sha256).digest()


def check_proofs(text):
    """The proofs of the page's vectors, made anew from what the page says about them."""
    known = [(vector["message"], vector["fields"]) for vector in vectors("valid")]
    shown = {}
    for name, fields in known:
        shown.setdefault(name, fields)
    hello, challenge = shown["ClusterHello"], shown["ClusterChallenge"]
    kinds = dict(re.findall(r"\| (\d+) \| `(MAIN|WORLD|LOGIN|CHAT)` \|", text))
    listener = next(int(number) for number, name in kinds.items() if name == "MAIN")
    secret = bytes(range(32))
    # Its first key: generation 0.
    who = struct.pack("<HHH", hello["kind"], hello["id"], 0)
    # HKDF of one block: extract, then expand (RFC 5869).
    key = hmac_of(hmac_of(LABEL, secret), who + b"\x01")
    if key.hex() not in text:
        raise Bad(f"the page does not have the key {key.hex()}")
    nonces = bytes.fromhex(hello["nonce"] + challenge["nonce"])
    for side, proof in ((1, shown["ClusterProof"]["proof"]), (2, shown["ClusterAck"]["proof"])):
        ends = struct.pack("<BHHH", side, hello["kind"], listener, hello["id"])
        made = hmac_of(key, LABEL + ends + nonces).hex()
        if made != proof:
            raise Bad(f"the proof of side {side} is {made}, not {proof}")
    print("the key and both proofs hold")


class Link:
    """One connection, one message at a time; how bodies travel is the transport's."""

    def __init__(self, codec, address):
        self.codec = codec
        self.connect(address)

    def send(self, name, **values):
        self.send_body(self.codec.body(self.codec.opcodes[name], values))

    def wait_for(self, wanted):
        """The next message of this name; pings are answered, and others passed over, meanwhile."""
        while True:
            name, values = self.codec.message(self.receive_body())
            if name == wanted:
                return values
            if name == "Ping":
                self.send("Pong", nonce=values["nonce"])
            elif name in ("Error", "Bye", "JoinDenied"):
                raise Bad(f"{name} {values} instead of {wanted}")


def place_of(address, scheme):
    """The scheme of an address, or this one, its host and its port."""
    if "://" in address:
        scheme, address = address.split("://")
    host, port = address.rsplit(":", 1)
    return scheme, host.strip("[]"), int(port)


def trusting(path):
    """Whom to trust by TLS: the authority in this file, or the system's."""
    return ssl.create_default_context(cafile=path)


class TcpLink(Link):
    # What is spoken where an address does not say so.
    scheme = "tcp"
    trust = None

    def connect(self, address):
        scheme, host, port = place_of(address, self.scheme)
        self.socket = socket.create_connection((host, port), TIMEOUT_SECONDS)
        if scheme in ("tls", "wss"):
            self.socket = trusting(self.trust).wrap_socket(self.socket, server_hostname=host)

    def send_body(self, body):
        self.socket.sendall(frame(body))

    def receive_body(self):
        return self.bytes(struct.unpack("<H", self.bytes(2))[0])

    def expect_end(self):
        if self.socket.recv(1):
            raise Bad("the server goes on behind its Bye")
        self.close()

    def close(self):
        self.socket.close()

    def bytes(self, count):
        data = b""
        while len(data) < count:
            part = self.socket.recv(count - len(data))
            if not part:
                raise Bad("the server has closed the connection")
            data += part
        return data


def visit(text, main_address, moves, transport=TcpLink):
    codec = Codec(text)
    main = transport(codec, main_address)
    main.send("Hello", versions=VERSIONS, token=None, nickname="")
    uid = main.wait_for("Welcome")["uid"]
    main.send("EnterWorldReq", region="", wish=ANY_ROOM)
    ack = main.wait_for("EnterWorldAck")
    world = transport(codec, ack["world_addr"])
    world.send("Join", versions=VERSIONS, uid=uid, handshake_key=ack["handshake_key"], fingerprint=0)
    place = world.wait_for("JoinOk")["spawn_pos"]
    while world.wait_for("RoomSnapshot")["pages_left"] > 0:
        pass
    for step in range(moves):
        place["x"] += 100
        world.send("Move", pos=place, dir=step % 65536)
        time.sleep(0.005)  # below the limit of packets a second
    world.send("Ping", nonce=moves)  # its answer shows that the world has taken all that went before
    if world.wait_for("Pong")["nonce"] != moves:
        raise Bad("the wrong Pong")
    world.send("Leave")
    reason = world.wait_for("Bye")["reason"]
    world.expect_end()
    main.close()
    print(f"user {uid} visited {ack['world_addr']}: {moves} moves, then Bye {reason}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vectors", metavar="PROTOCOL.md", help="check the vectors with the tables of this page")
    parser.add_argument("--main", metavar="HOST:PORT", help="visit the realm whose Main is there, by tls://HOST:PORT too")
    parser.add_argument("--trust", metavar="FILE", help="the authority of servers by tls://, instead of the system's")
    parser.add_argument("--moves", type=int, default=10, help="how often to move")
    options = parser.parse_args()
    if not options.vectors and not options.main:
        parser.error("--vectors or --main, please")
    try:
        if options.vectors:
            page = pathlib.Path(options.vectors).read_text(encoding="utf-8")
            check_vectors(page)
            check_proofs(page)
        if options.main:
            TcpLink.scheme, TcpLink.trust = place_of(options.main, "tcp")[0], options.trust
            visit(PAGE.read_text(encoding="utf-8"), options.main, options.moves)
    except (Bad, OSError, ValueError) as problem:
        sys.exit(f"client.py: {problem}")


if __name__ == "__main__":
    main()
