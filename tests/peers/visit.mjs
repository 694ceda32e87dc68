// Visits a realm through Node's `ws`: visit.mjs PACKAGES HOST:PORT MOVES [AUTHORITY]
//
// With AUTHORITY, a file, it comes by `wss:`, and trusts nobody else.
//
// Every third body goes in three pieces with a Ping between them.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as protocol from "../../backend-web/protocol.js";

const [packages, mainAddress, moves, authority] = process.argv.slice(2);
const [scheme, trust] = authority ? ["wss", { ca: readFileSync(authority) }] : ["ws", {}];
const WebSocket = createRequire(join(packages, "package.json"))("ws");
const SUBPROTOCOL = "tinyrealm.v2";
const [NORMAL, UNSUPPORTED] = [1000, 1003];
const PATIENCE_MS = 15_000;
/** The wish of whoever wants any room. */
const ANY_ROOM =
  { kind: 0, name: "", mode: "", secret: "", options: new Uint8Array(), is_listed: false, places: 0 };

/** One connection, one message at a time. */
class Link {
  #unread = [];
  #wake = () => {};
  #sent = 0;

  constructor(address, says, hears) {
    Object.assign(this, { says, hears });
    this.socket = new WebSocket(`${scheme}://${address}/`, [SUBPROTOCOL], trust);
    this.socket.on("message", (body, isBinary) => {
      assert.ok(isBinary, "a text");
      this.#unread.push(body);
      this.#wake();
    });
    this.closed = once(this.socket, "close");
    this.closed.then(() => this.#wake());
  }

  async open() {
    await once(this.socket, "open");
    assert.equal(this.socket.protocol, SUBPROTOCOL);
    assert.equal(this.socket.extensions, "");
    return this;
  }

  async send(message) {
    const body = this.says.encode(message);
    this.#sent += 1;
    if (this.#sent % 3 !== 0) return this.socket.send(body);
    const third = Math.floor(body.length / 3);
    this.socket.send(body.subarray(0, third), { binary: true, fin: false });
    this.socket.ping("between");
    const [payload] = await once(this.socket, "pong");
    assert.equal(payload.toString(), "between");
    this.socket.send(body.subarray(third, 2 * third), { fin: false });
    this.socket.send(body.subarray(2 * third), { fin: true });
  }

  /** The next message of this type; pings are answered, and others passed over, meanwhile. */
  async waitFor(wanted) {
    for (;;) {
      while (this.#unread.length === 0) {
        assert.ok(this.socket.readyState === WebSocket.OPEN, `closed before ${wanted}`);
        await new Promise((resolve) => (this.#wake = resolve));
      }
      const body = this.#unread.shift();
      const message = this.hears.decode(body) ?? protocol.eitherWay.decode(body);
      if (message?.type === wanted) return message;
      if (message?.type === "Ping") {
        this.socket.send(protocol.eitherWay.encode({ type: "Pong", nonce: message.nonce }));
      }
      assert.ok(!["Error", "Bye", "JoinDenied"].includes(message?.type), `${JSON.stringify(message)}`);
    }
  }

  async expectEnd(code) {
    const [received] = await this.closed;
    assert.equal(received, code);
  }
}

async function visit() {
  const main = await new Link(mainAddress, protocol.clientToMain, protocol.mainToClient).open();
  await main.send({ type: "Hello", versions: protocol.VERSIONS, token: null, nickname: "" });
  const { uid } = await main.waitFor("Welcome");
  await main.send({ type: "EnterWorldReq", region: "", wish: ANY_ROOM });
  const ack = await main.waitFor("EnterWorldAck");
  const world = await new Link(ack.world_addr, protocol.clientToWorld, protocol.worldToClient).open();
  await world.send({ type: "Join", versions: protocol.VERSIONS, uid, handshake_key: ack.handshake_key, fingerprint: 0 });
  const { spawn_pos: pos } = await world.waitFor("JoinOk");
  while ((await world.waitFor("RoomSnapshot")).pages_left > 0);
  for (let step = 0; step < Number(moves); step += 1) {
    pos.x += 100;
    await world.send({ type: "Move", pos, dir: step });
    await new Promise((resolve) => setTimeout(resolve, 5)); // below the limit of packets a second
  }
  world.socket.send(protocol.eitherWay.encode({ type: "Ping", nonce: 7 }));
  assert.equal((await world.waitFor("Pong")).nonce, 7, "the world has taken all that went before");
  await world.send({ type: "Leave" });
  await world.waitFor("Bye");
  await world.expectEnd(NORMAL);
  main.socket.close(NORMAL);
  await main.expectEnd(NORMAL);
  console.log(`user ${uid} visited ${ack.world_addr}: ${moves} moves`);
}

async function sayText() {
  const link = await new Link(mainAddress, protocol.clientToMain, protocol.mainToClient).open();
  link.socket.send("a text");
  await link.expectEnd(UNSUPPORTED);
  console.log("a text is refused");
}

const tooLong = setTimeout(() => assert.fail("it takes too long"), PATIENCE_MS);
await visit();
await sayText();
clearTimeout(tooLong);
