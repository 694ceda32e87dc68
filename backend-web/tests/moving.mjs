// The wasm module in a room that moves to another world while it is played, among real servers: it goes where it is led.
//
// `cargo xtask web check` sets TINYREALM_MODULE, TINYREALM_BINARY and TINYREALM_MODULES (a folder with `ws`).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Process, until } from "../../tests/browser/process.mjs";
import { Realm } from "../../tests/browser/realm.mjs";
import { clientToMain } from "../protocol.js";
import { connect, load } from "../tinyrealm.js";

const { TINYREALM_MODULE, TINYREALM_MODULES, TINYREALM_SETTING } = process.env;
const { WebSocket: Plain } = createRequire(join(TINYREALM_MODULES, "package.json"))("ws");
const { EnterWorldReq } = clientToMain.opcodes;
/** How often players have asked for a world: whoever is led to one does not ask. */
let asked = 0;

class WebSocket extends Plain {
  send(body) {
    if (new DataView(body.buffer, body.byteOffset).getUint32(0, true) === EnterWorldReq) asked += 1;
    super.send(body);
  }
}

const FRAME_MS = 5;
/** How long a player may be without its room; it is printed. */
const WITHOUT_MOST_MS = 3_000;
/** A step that nobody is too fast with, in thousandths of a unit. */
const STEP = 100;

const module = await load(readFileSync(TINYREALM_MODULE));
const players = [];

async function newPlayer() {
  const { main, login } = JSON.parse((await realm.ask("/realm")).text);
  const account = { login, ...JSON.parse((await realm.ask("/visitor", "POST")).text) };
  const client = connect({ module, main, account, room: { name: "den" }, WebSocket });
  const player = { client, joined: [], moved: [], lost: [], heard: new Map(), longest: 0 };
  client.on("JoinOk", (message) => {
    player.joined.push(message);
    player.pos = message.spawn_pos;
    if (player.left) player.longest = Math.max(player.longest, Date.now() - player.left);
  });
  client.on("Moved", (message) => player.moved.push(message));
  client.on("Lost", (event) => {
    player.lost.push(event);
    if (event.link === "world") player.left = Date.now();
  });
  client.on("MoveBroadcast", ({ number, pos }) => player.heard.set(number, pos));
  players.push(player);
  await sees("a player is in", () => isIn(player));
  return player;
}

const sees = async (what, is) => until(what, async () => null, () => is());
const isIn = ({ client }) => client.state.main === "ready" && client.state.world === "inside";
const numberOf = ({ joined }) => joined.at(-1).number;

/** One walks a step, and the other one sees it. */
async function walk(one, other) {
  const pos = { ...one.pos, x: one.pos.x - Math.sign(one.pos.x) * STEP };
  assert.equal(one.client.send({ type: "Move", pos, dir: 0 }), "sent");
  await sees("a walk", () => JSON.stringify(other.heard.get(numberOf(one))) === JSON.stringify(pos));
  one.pos = pos;
}

/** An operator has the room move; answers what is said of it. */
async function move() {
  const order = Process.tinyrealm(["ctl", "--admin", new URL(realm.admin).host, "move", "den"]);
  await order.ended;
  assert.equal(order.child.exitCode, 0, order.said);
  return order.printed;
}

const realm = await Realm.make(["--worlds", "2", "--bots", "4", "--set", "world.game=coin-rush", "--set", TINYREALM_SETTING]);
realm.start();
const frames = setInterval(() => players.forEach(({ client }) => client.tick()), FRAME_MS);
try {
  await until("readyz", () => realm.tell("/readyz"), ({ status }) => status === 200);
  const both = [await newPlayer(), await newPlayer()];
  await walk(both[0], both[1]);
  for (const times of [1, 2]) {
    const places = both.map(({ pos }) => pos);
    console.log((await move()).trim());
    await sees("they are led there", () => both.every((player) => player.moved.length === times && isIn(player)));
    await sees("they are back in their seats", () => both.every(({ joined }) => joined.length === times + 1));
    for (const player of both) assert.deepEqual([player.joined.at(-1).is_returned, numberOf(player)], [true, player.joined[0].number]);
    assert.deepEqual(both.map(({ pos }) => pos), places, "where they were");
    await walk(both[1], both[0]);
    await walk(both[0], both[1]);
    // The world that had the room may have it again when it has let go of it.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
  }
  for (const { lost, longest } of both) {
    assert.deepEqual(lost.map(({ link, reason }) => [link, reason]), [["world", "MOVED"], ["world", "MOVED"]]);
    assert.ok(longest < WITHOUT_MOST_MS, `${longest} ms`);
    console.log(`a player was without its room for ${longest} ms at most`);
  }
  assert.equal(asked, both.length, "nobody has had to ask");
  both.forEach(({ client }) => client.close());
  await sees("both have left", () => both.every(({ client }) => client.isClosed));
} catch (error) {
  console.error(`--- what the realm has said:\n${realm.said}\n---`);
  throw error;
} finally {
  clearInterval(frames);
  await realm.remove();
}
