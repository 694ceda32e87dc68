// The wasm module among real servers, on real WebSockets: two players in a room, through a restart.
//
// `cargo xtask web check` sets TINYREALM_MODULE, TINYREALM_BINARY and TINYREALM_MODULES (a folder with `ws`).

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { until } from "../../tests/browser/process.mjs";
import { Realm } from "../../tests/browser/realm.mjs";
import { ErrorCode, clientToWorld } from "../protocol.js";
import { codeName, connect, load } from "../tinyrealm.js";

const { TINYREALM_MODULE, TINYREALM_MODULES, TINYREALM_SETTING } = process.env;
const { WebSocket: Plain } = createRequire(join(TINYREALM_MODULES, "package.json"))("ws");
/** Whether the module seals what it says to worlds. */
const IS_SEALING = !TINYREALM_SETTING.endsWith("=0");
/** What a sealed link begins with (PROTOCOL.md). */
const SecureClient = 0xA0;
/** The opcodes of the bodies that were sent, by where they went. */
const sent = new Map();

class WebSocket extends Plain {
  send(body) {
    const opcode = new DataView(body.buffer, body.byteOffset).getUint32(0, true);
    sent.set(this.url, [...(sent.get(this.url) ?? []), opcode]);
    super.send(body);
  }
}

/** What went to the world: in clear all of it, or nothing but how a link is sealed. */
function checkWhatWasSaid() {
  const { Join } = clientToWorld.opcodes;
  const toWorld = [...sent.values()].find((opcodes) => [Join, SecureClient].includes(opcodes[0]));
  assert.equal(toWorld[0], IS_SEALING ? SecureClient : Join);
  const isClear = (opcode) => opcode > 0x2000 && opcode < 0x2100;
  assert.equal(toWorld.filter(isClear).length > 0, !IS_SEALING, "what is said in clear");
}
const FRAME_MS = 5;
const CHANNEL = "wasm";

const module = await load(readFileSync(TINYREALM_MODULE));
const players = [];

async function newPlayer(room) {
  const { main, login } = JSON.parse((await realm.ask("/realm")).text);
  const account = { login, ...JSON.parse((await realm.ask("/visitor", "POST")).text) };
  const client = connect({ module, main, account, room, WebSocket });
  const player = { client, uids: new Map(), places: new Map(), said: [], closes: [], refusals: [] };
  const meet = ({ number, uid, pos }) => {
    player.uids.set(number, uid);
    player.places.set(uid, pos);
  };
  client.on("JoinOk", ({ number }) => player.uids.set(number, client.uid));
  client.on("MoveBroadcast", ({ number, pos }) => player.places.set(player.uids.get(number), pos));
  client.on("RoomSnapshot", ({ members }) => members.forEach((member) => meet(member)));
  client.on("UserEntered", ({ member }) => meet(member));
  client.on("Lost", ({ link }) => link === "world" && player.places.clear());
  client.on("Welcome", () => client.send({ type: "ChatJoin", channel: CHANNEL }));
  client.on("ChatBroadcast", ({ uid, msg }) => player.said.push(`${uid}: ${msg}`));
  client.on("EventBroadcast", ({ number, data }) => player.said.push(`${player.uids.get(number)}! ${data}`));
  client.on("Closed", (event) => player.closes.push(event));
  client.on("Error", ({ code }) => player.refusals.push(codeName(ErrorCode, code)));
  players.push(player);
  return player;
}

const sees = async (what, is) => until(what, async () => null, () => is());
const isIn = ({ client }) => client.state.main === "ready" && client.state.world === "inside";

async function seeEachOther([one, other]) {
  await sees("both are in", () => isIn(one) && isIn(other));
  await sees("one sees the other", () => one.places.has(other.client.uid));
  const pos = { x: 1_234, y: -567, z: 0 };
  const seen = () => JSON.stringify(other.places.get(one.client.uid)) === JSON.stringify(pos);
  await sees("the other sees a walk", () => {
    one.client.send({ type: "Move", pos: { x: 0, y: 0, z: 0 }, dir: 0 });
    return one.client.send({ type: "Move", pos, dir: 16_384 }) === "sent" && seen();
  });
  one.client.send({ type: "Event", request: 1, kind: 7, data: Uint8Array.of(1, 2, 3) });
  await sees("an event", () => other.said.includes(`${one.client.uid}! 1,2,3`));
}

async function chat([one, other], msg) {
  const line = `${one.client.uid}: ${msg}`;
  await sees("chat", () => {
    if (!one.said.includes(line)) one.client.send({ type: "ChatSay", request: 1, channel: CHANNEL, msg });
    return one.said.includes(line) && other.said.includes(line);
  });
}

/** A room by its name: who knows its secret meets there, it is listed, and a player goes from one to another. */
async function meetByName() {
  const room = { name: "den", mode: "duel", secret: "sesame" };
  const friends = [await newPlayer(room), await newPlayer(room)];
  await seeEachOther(friends);
  const lists = await Promise.all([{}, { mode: "duel" }, { mode: "race" }].map((asked) => friends[0].client.listRooms(asked)));
  assert.deepEqual(lists.map((rooms) => rooms.map(({ name }) => name)), [["den"], ["den"], []]);
  assert.deepEqual(lists[0].map(({ mode, members, is_private }) => ({ mode, is_private, isKnown: members <= 2 })),
    [{ mode: "duel", is_private: true, isKnown: true }]);
  const stranger = await newPlayer({ ...room, secret: "Sesame" });
  await sees("a wrong secret is told", () => stranger.refusals.includes("WRONG_SECRET"));
  // It stays wrong, and is not said again.
  await sees("it is over for the stranger", () => stranger.client.isClosed);
  assert.deepEqual(stranger.closes.map(({ reason }) => reason), ["WRONG_SECRET"]);
  assert.deepEqual(stranger.refusals, ["WRONG_SECRET"]);
  const newcomer = await newPlayer({ name: "hut" });
  await sees("the newcomer is elsewhere", () => isIn(newcomer));
  newcomer.client.enter(room);
  await sees("the newcomer is in", () => isIn(newcomer) && newcomer.places.has(friends[0].client.uid));
  assert.throws(() => connect({ module, main: "localhost:1", room: { name: "n".repeat(25) }, WebSocket }));
  const leaving = [...friends, newcomer];
  leaving.forEach(({ client }) => client.close());
  await sees("they have left", () => leaving.every(({ client }) => client.isClosed));
  await assert.rejects(newcomer.client.listRooms(), /Main is away/);
}

const realm = await Realm.make(["--worlds", "1", "--bots", "4", "--set", TINYREALM_SETTING]);
realm.start();
const frames = setInterval(() => players.forEach(({ client }) => client.tick()), FRAME_MS);
try {
  await until("readyz", () => realm.tell("/readyz"), ({ status }) => status === 200);
  const both = [await newPlayer(), await newPlayer()];
  await seeEachOther(both);
  await chat(both, "hello");
  checkWhatWasSaid();
  await meetByName();
  const uids = both.map(({ client }) => client.uid);
  await realm.stop();
  await sees("the realm has gone", () => !both.some(isIn));
  realm.start();
  await seeEachOther([both[1], both[0]]);
  await chat([both[1], both[0]], "back again");
  assert.deepEqual(both.map(({ client }) => client.uid), uids, "the same users");
  both.forEach(({ client }) => client.close());
  await sees("both have left", () => both.every(({ client }) => client.isClosed));
  const closed = { type: "Closed", code: 1000, reason: "GOODBYE", refusal: null };
  assert.deepEqual(both.map(({ closes }) => closes), [[closed], [closed]]);
  console.log("two players log in, see each other, talk, come back after a restart, and leave");
} catch (error) {
  console.error(`--- what the realm has said:\n${realm.said}\n---`);
  throw error;
} finally {
  clearInterval(frames);
  await realm.remove();
}
