// The vectors of PROTOCOL.md with the JavaScript client: `node vectors.mjs PROTOCOL.md`.
//
// Every message that a client says or hears must have one; each is decoded, compared, encoded again,
// and refused with a byte less and a byte more.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as protocol from "../protocol.js";
import { Malformed } from "../postcard.js";

const LENGTH_BYTES = 2;

/** `(6d)*3` is `6d 6d 6d`. */
function bytesOf(hex) {
  const plain = hex.replaceAll("|", " ");
  const flat = plain.replace(/\(([^)]*)\)\*(\d+)/g, (_, group, times) => `${group} `.repeat(times));
  return Uint8Array.from(flat.trim().split(/\s+/), (byte) => parseInt(byte, 16));
}

/** A JavaScript value as the document writes it: bytes are hex. */
function plain(value) {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

/** The document's value: JSON, with `"c"*24` for a text and `[7]*32` for a list that repeats. */
function valueOf(text) {
  const repeated = text
    .replace(/"((?:[^"\\]|\\.)*)"\*(\d+)/g, (_, part, times) => JSON.stringify(JSON.parse(`"${part}"`).repeat(times)))
    .replace(/\[((?:[^[\]])*)\]\*(\d+)/g, (_, item, times) => `[${Array(Number(times)).fill(item).join(",")}]`);
  return JSON.parse(repeated);
}

const links = Object.values(protocol).filter((value) => typeof value?.decode === "function");
const wanted = new Set(links.flatMap((link) => Object.values(link.opcodes)));
const seen = new Set();
let checked = 0;

const page = readFileSync(process.argv[2], "utf8");
for (const [, block] of page.matchAll(/```vector\n([\s\S]*?)```/g)) {
  const lines = block.trimEnd().split("\n");
  for (let line = 0; line < lines.length; line += 2) {
    const [, name, text] = lines[line].match(/^(\w+) (.*)$/);
    const frame = bytesOf(lines[line + 1]);
    const body = frame.subarray(LENGTH_BYTES);
    const opcode = new DataView(body.buffer, body.byteOffset).getInt32(0, true);
    const link = links.find((link) => Object.values(link.opcodes).includes(opcode));
    if (!link) continue;
    assert.equal(frame[0] | (frame[1] << 8), body.length, lines[line]);
    const message = link.decode(body);
    assert.equal(message.type, name);
    assert.deepEqual(plain(message), { type: name, ...valueOf(text) }, lines[line]);
    assert.deepEqual(link.encode(message), body.slice(), lines[line]);
    for (let end = 4; end < body.length; end++) {
      assert.throws(() => link.decode(body.subarray(0, end)), Malformed, `${end} bytes of ${lines[line]}`);
    }
    assert.throws(() => link.decode(Uint8Array.from([...body, 0])), Malformed, `a byte more than ${lines[line]}`);
    seen.add(opcode);
    checked += 1;
  }
}
const missing = [...wanted].filter((opcode) => !seen.has(opcode));
assert.deepEqual(missing, [], "messages without a vector");
assert.throws(() => protocol.clientToMain.encode({ type: "Hello", client_version: 70000, token: null }), RangeError);
assert.throws(() => protocol.clientToMain.encode({ type: "Welcome" }), TypeError);
assert.throws(
  () => protocol.clientToMain.encode({ type: "ChatJoin", channel: "c".repeat(25) }), RangeError);
console.log(`${checked} vectors of ${seen.size} messages`);
