// The vectors of vectors.json with the JavaScript client: `node vectors.mjs vectors.json`.
//
// Every message that a client says or hears must have one; each is decoded, compared, encoded again,
// and refused with a byte less and a byte more. What is invalid is refused.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as protocol from "../protocol.js";
import { Malformed } from "../postcard.js";

const LENGTH_BYTES = 2;

/** A JavaScript value as the document writes it: bytes are hex. */
function plain(value) {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]));
}

const links = Object.values(protocol).filter((value) => typeof value?.decode === "function");
const wanted = new Set(links.flatMap((link) => Object.values(link.opcodes)));
const seen = new Set();
let checked = 0;

const { valid, invalid } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const bodyOf = ({ frame }) => new Uint8Array(Buffer.from(frame, "hex")).subarray(LENGTH_BYTES);
const linkOf = (body) => {
  const opcode = new DataView(body.buffer, body.byteOffset).getInt32(0, true);
  return links.find((link) => Object.values(link.opcodes).includes(opcode));
};

for (const vector of valid) {
  const body = bodyOf(vector);
  const link = linkOf(body);
  if (!link) continue;
  const what = JSON.stringify(vector);
  const message = link.decode(body);
  assert.deepEqual(plain(message), { type: vector.message, ...vector.fields }, what);
  assert.deepEqual(link.encode(message), body.slice(), what);
  for (let end = 4; end < body.length; end++) {
    assert.throws(() => link.decode(body.subarray(0, end)), Malformed, `${end} bytes of ${what}`);
  }
  assert.throws(() => link.decode(Uint8Array.from([...body, 0])), Malformed, `a byte more than ${what}`);
  seen.add(link.opcodes[vector.message]);
  checked += 1;
}
for (const vector of invalid) {
  const body = bodyOf(vector);
  const link = linkOf(body);
  if (link) assert.throws(() => link.decode(body), Malformed, JSON.stringify(vector));
}
const missing = [...wanted].filter((opcode) => !seen.has(opcode));
assert.deepEqual(missing, [], "messages without a vector");
assert.throws(() => protocol.clientToMain.encode({ type: "Hello", versions: { from: 2, to: 70000 }, token: null, nickname: "" }), RangeError);
assert.throws(() => protocol.clientToMain.encode({ type: "Welcome" }), TypeError);
assert.throws(
  () => protocol.clientToMain.encode({ type: "ChatJoin", channel: "c".repeat(25) }), RangeError);
console.log(`${checked} vectors of ${seen.size} messages`);
