// A protocol of one's own in a wasm module, without a realm: it hears, says, and is told how its connection ended.
//
// `cargo xtask web check` sets TINYREALM_OWN_MODULE (`own/`, built) and TINYREALM_MODULES (a folder with `ws`).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { until } from "../../tests/browser/process.mjs";
import { load } from "../tinyrealm.js";
import { Sockets } from "../sockets.js";

const { TINYREALM_OWN_MODULE, TINYREALM_MODULES } = process.env;
const { WebSocket, WebSocketServer } = createRequire(join(TINYREALM_MODULES, "package.json"))("ws");
const SUB_PROTOCOL = "dice";
// The numbers of `Throw` and `Fallen`, and a small sum.
const THROW = [100, 0, 0, 0];
const fallen = (sum) => Uint8Array.of(110, 0, 0, 0, sum);

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
const said = [];
server.on("connection", (peer, { headers }) => {
  assert.equal(headers["sec-websocket-protocol"], SUB_PROTOCOL);
  peer.on("message", (body) => {
    said.push([...body]);
    peer.send(fallen(7));
    peer.send(fallen(5));
    if (said.length === 2) peer.close(4321, "the table is closed");
  });
});
await new Promise((listening) => server.on("listening", listening));

const wasm = new WebAssembly.Instance(await load(readFileSync(TINYREALM_OWN_MODULE))).exports;
const sockets = new Sockets(wasm, { WebSocket, subProtocol: SUB_PROTOCOL });
const url = new TextEncoder().encode(`ws://127.0.0.1:${server.address().port}`);
assert.equal(wasm.connect(sockets.handOver(url)), 1);
const tickUntil = (what, is) => until(what, async () => sockets.tick(() => wasm.tick()), () => is());

await tickUntil("it is open", () => wasm.throw_dice(2) === 1);
await tickUntil("dice have fallen", () => wasm.sum() === 12);
assert.deepEqual(said, [[...THROW, 2]]);
wasm.throw_dice(3);
await tickUntil("it has ended", () => wasm.close_code() !== 0);
assert.equal(wasm.sum(), 24, "what was said before the end is heard before it");
assert.equal(wasm.close_code(), 4321);
const reason = new TextDecoder().decode(sockets.handover(wasm.close_reason_bytes()));
assert.equal(reason, "the table is closed");
assert.deepEqual(said[1], [...THROW, 3]);
assert.equal(sockets.isWaiting(), false);
server.close();
console.log("a protocol of one's own, without a realm: heard, said, closed with 4321");
