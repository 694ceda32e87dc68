"""The sealed session of PROTOCOL.md, made anew from what the page says about it.

Needs nothing but Python: X25519 (RFC 7748) and ChaCha20-Poly1305 (RFC 8439) are here, slow and plain, so that
whoever writes a server in another language has something to compare with. Not for use: it takes as long as its secrets
are large.
"""

import hashlib
import hmac
import pathlib
import struct
import sys

PAGE = pathlib.Path(__file__).resolve().parents[2] / "PROTOCOL.md"

PRIME = 2**255 - 19


def x25519(scalar, u):
    """RFC 7748, section 5."""
    k = bytearray(scalar)
    k[0] &= 248
    k[31] = k[31] & 127 | 64
    k = int.from_bytes(k, "little")
    x1 = int.from_bytes(u, "little") % 2**255
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for bit in reversed(range(255)):
        b = k >> bit & 1
        if swap ^ b:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = b
        a, s = (x2 + z2) % PRIME, (x2 - z2) % PRIME
        c, d = (x3 + z3) % PRIME, (x3 - z3) % PRIME
        aa, ss, da, cb = a * a, s * s, d * a, c * s
        e = aa - ss
        x3, z3 = (da + cb) ** 2 % PRIME, x1 * (da - cb) ** 2 % PRIME
        x2, z2 = aa * ss % PRIME, e * (aa + 121665 * e) % PRIME
    if swap:
        x2, z2 = x3, z3
    return (x2 * pow(z2, PRIME - 2, PRIME) % PRIME).to_bytes(32, "little")


BASE = (9).to_bytes(32, "little")


def chacha_block(key, counter, nonce):
    """RFC 8439, section 2.3."""
    words = struct.unpack("<4I8I", b"expand 32-byte k" + key)
    start = list(words) + [counter] + list(struct.unpack("<3I", nonce))
    s = start[:]

    def quarter(a, b, c, d):
        for x, y, z, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            s[x] = (s[x] + s[y]) & 0xFFFFFFFF
            mixed = s[z] ^ s[x]
            s[z] = (mixed << turn | mixed >> 32 - turn) & 0xFFFFFFFF

    for _ in range(10):
        for column in range(4):
            quarter(column, 4 + column, 8 + column, 12 + column)
        for diagonal in range(4):
            places = (diagonal, 4 + (diagonal + 1) % 4, 8 + (diagonal + 2) % 4, 12 + (diagonal + 3) % 4)
            quarter(*places)
    return struct.pack("<16I", *((x + y) & 0xFFFFFFFF for x, y in zip(s, start)))


def poly1305(key, data):
    """RFC 8439, section 2.5."""
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at : at + 16] + b"\1", "little")) * r % (2**130 - 5)
    return ((total + int.from_bytes(key[16:], "little")) % 2**128).to_bytes(16, "little")


def padded(data):
    return data + bytes(-len(data) % 16)


def seal(key, number, about, text):
    """RFC 8439, section 2.8; the nonce is four zero bytes and the number."""
    nonce = struct.pack("<IQ", 0, number)
    blocks = range(0, len(text), 64)
    stream = b"".join(chacha_block(key, 1 + at // 64, nonce) for at in blocks)
    sealed = bytes(x ^ y for x, y in zip(text, stream))
    lengths = struct.pack("<QQ", len(about), len(sealed))
    return sealed + poly1305(
        chacha_block(key, 0, nonce)[:32], padded(about) + padded(sealed) + lengths
    )


def hmac_of(key, about):
    return hmac.new(key, about, hashlib.sha256).digest()


def derived(chaining_key, material):
    """Two or three keys (Noise, section 4.3)."""
    extracted = hmac_of(chaining_key, material)
    first = hmac_of(extracted, b"\1")
    second = hmac_of(extracted, first + b"\2")
    return first, second, hmac_of(extracted, second + b"\3")


class Transcript:
    """What both ends have heard (Noise, section 5.2)."""

    def __init__(self, key, prologue):
        self.hash = self.chaining_key = hashlib.sha256(b"Noise_NNpsk0_25519_ChaChaPoly_SHA256").digest()
        self.mix_hash(prologue)
        self.chaining_key, mixed, self.key = derived(self.chaining_key, key)
        self.mix_hash(mixed)

    def mix_hash(self, data):
        self.hash = hashlib.sha256(self.hash + data).digest()

    def mix_key(self, material):
        self.chaining_key, self.key, _ = derived(self.chaining_key, material)

    def message(self, drawn, terms, peer=None):
        public = x25519(drawn, BASE)
        self.mix_hash(public)
        self.mix_key(public)
        if peer is not None:
            self.mix_key(x25519(drawn, peer))
        sealed = seal(self.key, 0, self.hash, terms)
        self.mix_hash(sealed)
        return public + sealed


def framed(opcode, payload):
    return struct.pack("<HI", 4 + len(payload), opcode) + payload


class Records:
    """One way of the link."""

    def __init__(self, key):
        self.key, self.number = key, 0

    def record(self, kind, frames):
        sealed = seal(self.key, self.number, b"", bytes([kind]) + frames)
        self.number += 1
        return struct.pack("<H", len(sealed)) + sealed

    def next_key(self):
        record = self.record(1, b"")
        # Noise, section 4.2: the first 32 bytes of what 32 zeros become under the last number.
        self.key = seal(self.key, 2**64 - 1, b"", bytes(32))[:32]
        return record


WORLD, MAIN, WORLD_ID, GENERATION = 2, 1, 7, 0
VERSIONS = (2, 2)
LABEL = b"tinyrealm sealed v2"
PROLOGUE = LABEL + struct.pack("<6H", *VERSIONS, WORLD, MAIN, WORLD_ID, GENERATION)
CLEAR = bytes([*VERSIONS, WORLD, MAIN, WORLD_ID, GENERATION])


def key_of_world(secret):
    """With which its links are sealed."""
    extracted = hmac_of(b"tinyrealm cluster v2", secret)
    info = struct.pack("<HHH", WORLD, WORLD_ID, GENERATION)
    return hmac_of(hmac_of(extracted, info + b"\1"), LABEL)


def session():
    """What both ends say, one behind the other."""
    key, prologue = key_of_world(bytes(range(32))), PROLOGUE
    drawn = bytes(range(0x40, 0x60)), bytes(range(0x60, 0x80))
    transcript = Transcript(key, prologue)
    first = transcript.message(drawn[0], struct.pack("<HH", 4096, 2))
    second = transcript.message(drawn[1], struct.pack("<HH", 1024, 2), first[:32])
    out, back, _ = derived(transcript.chaining_key, b"")
    out, back = Records(out), Records(back)
    ping, ready, no_former = 0x02, 0x83, b"\0"
    return [
        framed(0x82, CLEAR + first + no_former),
        framed(0xC2, second),
        out.record(0, framed(ready, b"")),
        back.record(0, framed(ping, b"\x05")),
        out.next_key(),
        out.record(0, framed(ping, b"\xac\x02")),
    ]


def hello_with_two_keys():
    """What a dialer begins with while keys are exchanged."""
    terms = struct.pack("<HH", 4096, 2)
    newest = Transcript(key_of_world(bytes(range(32))), PROLOGUE)
    first = newest.message(bytes(range(0x40, 0x60)), terms)
    former = Transcript(key_of_world(bytes(range(32, 64))), PROLOGUE + first)
    return framed(0x82, CLEAR + first + b"\1" + former.message(bytes(range(0x80, 0xA0)), terms))


def client_handshake(server, key_id, key):
    """What a client and a server of this kind begin with, and both ways of their link: the client's first."""
    label = b"tinyrealm client v2"
    prologue = label + struct.pack("<3H", *VERSIONS, server) + key_id
    drawn = bytes(range(0x40, 0x60)), bytes(range(0x60, 0x80))
    transcript = Transcript(hmac_of(key, label), prologue)
    first = transcript.message(drawn[0], struct.pack("<HH", 4096, 2))
    second = transcript.message(drawn[1], struct.pack("<HH", 1024, 2), first[:32])
    out, back, _ = derived(transcript.chaining_key, b"")
    start = [framed(0xA0, bytes([*VERSIONS, server]) + key_id + first), framed(0xE0, second)]
    return start, Records(out), Records(back)


def client_session():
    """What a client says to a world, and the world's answer."""
    key_id, ticket = bytes(range(0x10, 0x18)), bytes(range(0xA0, 0xC0))
    start, out, _ = client_handshake(WORLD, key_id, ticket)
    join, leave, uid, no_key, any_game = 0x2001, 0x2004, b"\x07", b"\0", b"\0"
    return start + [
        out.record(0, framed(join, bytes(VERSIONS) + uid + no_key + any_game)),
        out.record(0, framed(leave, b"")),
    ]


def device_session():
    """What a board with a device's key says to Main, and Main to it."""
    key = bytes(range(32))
    key_id, seal_key, token = (
        hmac_of(key, b"tinyrealm device " + what + b" v2\1") for what in (b"id", b"seal", b"token")
    )
    start, out, back = client_handshake(MAIN, key_id[:8], seal_key)
    hello, welcome, bye, goodbye = 0x1001, 0x1101, 0x04, b"\x14"
    no_name, uid = b"\0", b"\x07"
    return start + [
        out.record(0, framed(hello, bytes(VERSIONS) + b"\1" + token + no_name)),
        back.record(0, framed(welcome, b"\x02" + uid + token)),
        out.record(0, framed(bye, goodbye)),
    ]


def main():
    sessions = session() + [hello_with_two_keys()] + client_session() + device_session()
    if "--print" in sys.argv:
        print("\n".join(said.hex(" ") for said in sessions))
        return 0
    text = PAGE.read_text(encoding="utf-8")
    for said in sessions:
        if said.hex(" ") not in text:
            print(f"PROTOCOL.md does not have {said.hex(' ')}", file=sys.stderr)
            return 1
    print("all sealed sessions hold")
    return 0


if __name__ == "__main__":
    sys.exit(main())
