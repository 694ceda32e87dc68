// The wasm module on WebSockets in memory. TINYREALM_MODULE is the module; TINYREALM_TEST_SEED repeats a run.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as protocol from "../protocol.js";
import { FINGERPRINT } from "../module.js";
import { bytes, i16, link, text, u16 } from "../postcard.js";
import { connect, load } from "../tinyrealm.js";
import { FakeServers, fakeWebSocket, tickUntil } from "./fake.mjs";

const MESSAGES = 100_000;
const HOSTILE_ROUNDS = 400;
/** What the module says about closing, and a tick. */
const CLOSE_TICKS = 2_001;

/** Fields of what a world says of somebody else. */
const SAID = { type: "EventBroadcast", number: 5, request: 0, kind: 1, data: new Uint8Array(0) };
const GONE = { type: "UserLeft", number: 5 };
const module = await load(readFileSync(process.env.TINYREALM_MODULE));
const seed = Number(process.env.TINYREALM_TEST_SEED ?? Date.now() % 1e9);

/** mulberry32: the same numbers for the same seed. */
let randomState = seed;
function random(below) {
  randomState = (randomState + 0x6d2b79f5) | 0;
  let t = Math.imul(randomState ^ (randomState >>> 15), 1 | randomState);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % below;
}

function player(servers, options = {}) {
  const events = [];
  const closes = [];
  const realm = connect({ module, main: "main:1", WebSocket: servers.WebSocket, ...options });
  for (const type of ["State", "Lost", "Welcome", "JoinOk", "Error"]) realm.on(type, (event) => events.push(event));
  realm.on("Closed", (event) => closes.push(event));
  return { realm, events, closes, clock: { now: 0 } };
}

async function inside(options) {
  const servers = new FakeServers();
  const one = { servers, ...player(servers, options) };
  await tickUntil(one.realm, one.clock, () => one.realm.state.world === "inside", 100);
  return one;
}

async function closeAndCount({ realm, clock, closes }) {
  realm.close();
  await tickUntil(realm, clock, () => realm.isClosed, CLOSE_TICKS);
  for (let ticks = 0; ticks < 100; ticks++) realm.tick((clock.now += 100));
  realm.close();
  realm.tick((clock.now += 1));
  assert.equal(closes.length, 1, "told once");
}

const typesSent = (socket) => socket.sent.map(({ type }) => type);

async function comesInAndLeaves() {
  const one = await inside({ region: "north" });
  const { servers, realm, events } = one;
  assert.deepEqual(servers.sockets.map(({ url }) => url), ["ws://main:1", "ws://world:1"]);
  assert.equal(servers.sockets[0].subProtocol, "tinyrealm.v2");
  assert.deepEqual(typesSent(servers.main), ["Hello", "EnterWorldReq"]);
  assert.equal(servers.main.sent[0].token, null);
  assert.equal(servers.main.sent[1].region, "north");
  assert.equal(realm.uid, 9);
  assert.deepEqual(realm.token, servers.token);
  const told = events.map((event) => event.type === "State" ? `${event.main}/${event.world}` : event.type);
  assert.deepEqual(told, [
    "connecting/outside", "greeting/outside", "Welcome", "ready/asking", "ready/connecting", "ready/joining",
    "JoinOk", "ready/inside",
  ]);
  await closeAndCount(one);
  assert.deepEqual(one.closes, [{ type: "Closed", code: 1000, reason: "GOODBYE", refusal: null }]);
  assert.equal(servers.world.closedWith, 1000);
  assert.deepEqual(typesSent(servers.world).slice(-2), ["Leave", "Bye"]);
}

async function logsIn() {
  const account = { login: "login:1", id: "ada", password: "correct horse" };
  const one = await inside({ account });
  const [login, main] = one.servers.sockets;
  assert.deepEqual(login.sent[0], { type: "LoginReq", versions: protocol.VERSIONS, id: "ada", pw: "correct horse", device: null });
  assert.deepEqual(main.sent[0].token, one.servers.token);
  const { device } = one.realm;
  assert.equal(device.length, 32);
  await closeAndCount(one);
  // What the device was given is shown at the next login.
  const known = await inside({ account: { ...account, device } });
  assert.deepEqual(known.servers.sockets[0].sent[0].device, device);
  await closeAndCount(known);
  // A token saves the login.
  const again = await inside({ account, token: one.servers.token });
  assert.equal(again.servers.sockets[0].url, "ws://main:1");
  await closeAndCount(again);
}

/** Where a page goes to a world, by how it has come, what the world's address says, and whether that seals its clients. */
async function goesThroughMain() {
  const cases = [
    ["https:", "ws://board:1", true, "wss://main:1/world/board:1"],
    ["https:", "tcp://[::1]:7", true, "wss://main:1/world/[::1]:7"],
    ["https:", "ws://board:1", false, "wss://board:1"],
    ["https:", "board:1", true, "wss://board:1"],
    ["https:", "wss://board:1", true, "wss://board:1"],
    ["http:", "ws://board:1", true, "ws://board:1"],
    ["http:", "tcp://board:1", true, "ws://board:1"],
  ];
  for (const [protocol, worldAddress, isSealing, url] of cases) {
    globalThis.location = { protocol };
    assert.equal(await worldOf({ worldAddress, isSealing }), url, `${protocol} ${worldAddress} ${isSealing}`);
    // Whoever says where servers are says it of this one, too.
    const told = await worldOf({ worldAddress, isSealing }, { urlOf: (url) => `${url}/told` });
    assert.match(told, /^wss?:\/\/(board|\[::1\]):\d\/told$/);
  }
  delete globalThis.location;
}

async function worldOf(realm, options) {
  const servers = Object.assign(new FakeServers(), realm);
  const one = player(servers, options);
  await tickUntil(one.realm, one.clock, () => servers.sockets.length === 2, 100);
  await closeAndCount(one);
  return servers.sockets[1].url;
}

async function comesBack() {
  const one = await inside();
  const { servers, realm, clock, events } = one;
  servers.world.end();
  await tickUntil(realm, clock, () => realm.state.world !== "inside", 10);
  servers.world = null;
  await tickUntil(realm, clock, () => realm.state.world === "inside", 1_000);
  servers.main.end();
  await tickUntil(realm, clock, () => realm.state.main !== "ready", 10);
  assert.equal(realm.state.world, "inside", "it goes on playing");
  await tickUntil(realm, clock, () => realm.state.main === "ready", 1_000);
  assert.deepEqual(servers.main.sent[0].token, servers.token, "as the same user");
  const lost = events.filter(({ type }) => type === "Lost").map(({ link }) => link);
  assert.deepEqual(lost, ["world", "main"]);
  // Whoever is replaced stays away.
  const { mainToClient, eitherWay, ErrorCode } = protocol;
  servers.main.say(eitherWay.encode({ type: "Bye", reason: ErrorCode.REPLACED }));
  await tickUntil(realm, clock, () => realm.isClosed, CLOSE_TICKS);
  assert.deepEqual(one.closes, [{ type: "Closed", code: 4000 + ErrorCode.REPLACED, reason: "REPLACED", refusal: null }]);
  assert.equal(mainToClient.opcodes.Welcome, 0x1101);
}

/** Its Main is lost, and it has been told of others: it goes there, and its world does not hear of it. */
async function goesToAnotherMain() {
  for (const [protocol, page, mains, expected] of [
    ["http:", "main:1", ["main:1", "other:1"], ["ws://other:1", "ws://main:1", "ws://main:1", "ws://other:1"]],
    ["http:", "main:1", ["main:1", "tls://other:1"], ["wss://other:1", "ws://main:1"]],
    ["https:", "main:1", ["main:1", "ws://other:1"], ["wss://main:1", "wss://main:1"]],
    ["http:", "wss://main:1", ["main:1", "other:1"], ["wss://other:1", "wss://main:1"]],
    ["http:", "main:1", [], ["ws://main:1", "ws://main:1"]],
  ]) {
    globalThis.location = { protocol };
    const servers = Object.assign(new FakeServers(), { mains });
    const one = { servers, ...player(servers, { main: page }) };
    const { realm, clock, events } = one;
    await tickUntil(realm, clock, () => realm.state.world === "inside", 100);
    const { world } = servers;
    servers.main.end();
    for (const url of expected) {
      const opened = servers.sockets.length;
      await tickUntil(realm, clock, () => servers.sockets.length > opened);
      const socket = servers.sockets.at(-1);
      assert.equal(socket.url, url, `${protocol} ${page} ${mains}`);
      // All but the last are lost before they say anything.
      if (url !== expected.at(-1) || servers.sockets.length < 2 + expected.length) {
        socket.onsend = () => {};
        socket.end();
      }
    }
    await tickUntil(realm, clock, () => realm.state.main === "ready");
    assert.equal(realm.state.world, "inside");
    assert.deepEqual([world.hasEnded, realm.uid], [false, 9]);
    assert.ok(events.every(({ type, link }) => type !== "Lost" || link === "main"));
    await closeAndCount(one);
  }
  delete globalThis.location;
}

async function everyMessageComesThrough() {
  const one = await inside();
  const { servers, realm, clock } = one;
  const position = { x: 1, y: -2, z: 3 };
  const moved = { number: 5, pos: position, dir: 6 };
  const member = { ...moved, uid: 2 ** 52 + 5 };
  const channel = "lobby";
  const worldSays = [
    { type: "UserEntered", member }, { type: "UserLeft", number: 5 }, { type: "MoveBroadcast", ...moved },
    { type: "EventBroadcast", number: 5, request: 1, kind: 2, data: Uint8Array.of(1, 2) },
    { type: "RoomSnapshot", pages_left: 0, members_left: 0, missed_events: 1, members: [member] },
    { type: "JoinDenied", reason: 5, code: 7, text: "full" },
    { type: "MemberName", number: 5, name: "Zoë" },
  ];
  const mainSays = [
    { type: "ChatBroadcast", channel, seq: 2 ** 33, uid: 5, request: 7, msg: "hello" },
    { type: "ChatJoined", channel, members: 1, oldest: 0, next_seq: 2 }, { type: "ChatLeft", channel, reason: 20 },
    { type: "ChatRefused", channel, about: 0x1003, request: 0, reason: 30 },
    { type: "ChatPast", channel, seq: 1, uid: 5, msg: "ü".repeat(100) },
    { type: "ChatPastEnd", channel, oldest: 1, next_seq: 2, end_seq: 2 }, { type: "ChatGap", channel, missed: 3, next_seq: 9 },
    { type: "ChatEntered", channel, uid: 5 }, { type: "ChatExited", channel, uid: 5 },
    { type: "ChatCensus", channel, members: 40_000 },
    { type: "ChatMembers", channel, uids: [1, 2], next_after: 2 }, { type: "Error", code: 31, about: 0x1003 },
  ];
  const heard = [];
  for (const { type } of [...worldSays, ...mainSays]) realm.on(type, (message) => heard.push(message));
  for (const message of worldSays) servers.world.say(protocol.worldToClient.encode(message));
  for (const message of mainSays) {
    const link = message.type === "Error" ? protocol.eitherWay : protocol.mainToClient;
    servers.main.say(link.encode(message));
  }
  await tickUntil(realm, clock, () => heard.length === worldSays.length + mainSays.length, 20);
  assert.deepEqual(heard, [...worldSays, ...mainSays]);
  const says = [
    { type: "Move", pos: position, dir: 6 }, { type: "Event", request: 0, kind: 2, data: Uint8Array.of(1, 2) },
    { type: "ChatJoin", channel }, { type: "ChatLeave", channel }, { type: "ChatSay", request: 7, channel, msg: "hello" },
    { type: "ChatHistory", channel, since: 1 }, { type: "ChatWho", channel, after: 0 },
  ];
  servers.main.sent.length = servers.world.sent.length = 0;
  for (const message of says) assert.equal(realm.send(message), "sent");
  realm.tick((clock.now += 1));
  assert.deepEqual([...servers.world.sent, ...servers.main.sent], says);
  for (const type of ["Leave", "Welcome"]) assert.throws(() => realm.send({ type }), TypeError);
  const join = { type: "Join", versions: { from: 2, to: 2 }, uid: 1, handshake_key: new Uint8Array(32), fingerprint: 0 };
  assert.throws(() => realm.send(join), TypeError);
  await closeAndCount(one);
  assert.equal(realm.send(says[0]), "away");
}

/** What a room's game shows is there as the game's messages, until a snapshot, a leave or a removal voids it. */
async function showsThings() {
  const hears = link({ Coin: [0x5102, { x: u16 }], Score: [0x5103, { points: u16 }] });
  const one = await inside({ game: { says: link({}), hears, fingerprint: 0 } });
  const { servers, realm, clock } = one;
  const tell = (...messages) => {
    for (const message of messages) servers.world.say(protocol.worldToClient.encode(message));
    for (let ticks = 0; ticks < 5; ticks++) realm.tick((clock.now += 1));
  };
  const put = (id, kind, value) => ({ type: "ThingPut", id, kind, data: Uint8Array.of(value) });
  const extra = (number, value) => ({ type: "MemberExtra", number, kind: 3, data: Uint8Array.of(value) });
  tell(put(7, 2, 5), put(7, 2, 6), put(8, 2, 1), put(9, 200, 1), { type: "ThingRemoved", id: 8 }, extra(1, 4), extra(2, 9));
  assert.deepEqual([...realm.things], [[7, { type: "Coin", x: 6 }]], "one that a newer game has is not known");
  assert.deepEqual([...realm.memberStates], [[1, { type: "Score", points: 4 }], [2, { type: "Score", points: 9 }]]);
  assert.equal(realm.hasAllStates, false);
  tell({ type: "UserLeft", number: 2 }, { type: "StateComplete" });
  assert.deepEqual([...realm.memberStates.keys()], [1]);
  assert.equal(realm.hasAllStates, true);
  const page = { type: "RoomSnapshot", members_left: 0, missed_events: 0, members: [] };
  tell({ ...page, pages_left: 1 }, put(3, 2, 1), { ...page, pages_left: 0 });
  assert.deepEqual([[...realm.things.keys()], realm.memberStates.size, realm.hasAllStates], [[3], 0, false]);
  await closeAndCount(one);
  // What is none of the game's messages ends the link.
  const other = await inside({ game: { says: link({}), hears, fingerprint: 0 } });
  other.servers.world.say(protocol.worldToClient.encode({ type: "ThingPut", id: 1, kind: 2, data: Uint8Array.of(1, 1) }));
  await tickUntil(other.realm, other.clock, () => other.servers.world.closedWith !== null, 20);
  await closeAndCount(other);
}

/** What the game does at its ticks goes out as the game's own messages, checked as they are. */
async function saysInputs() {
  const says = link({ Say: [0x5001, { text: text(4) }], Step: [0x5002, { by: i16 }], Song: [0x5003, { song: bytes(99) }] });
  const one = await inside({ game: { says, hears: link({}), fingerprint: 0 } });
  const { servers, realm, clock } = one;
  servers.world.sent.length = 0;
  assert.equal(realm.sendInput(1, { type: "Step", by: -32_768 }), "sent");
  assert.equal(realm.sendInput(0xFFFF_FFFF, { type: "Song", song: new Uint8Array(63) }), "sent");
  realm.tick((clock.now += 1));
  const song = Uint8Array.of(63, ...new Uint8Array(63));
  assert.deepEqual(servers.world.sent, [
    { type: "Input", tick: 1, kind: 2, data: Uint8Array.of(0xFF, 0xFF, 3) },
    { type: "Input", tick: 0xFFFF_FFFF, kind: 3, data: song },
  ]);
  for (const by of [32_768, 0.5]) assert.throws(() => realm.sendInput(2, { type: "Step", by }), RangeError);
  for (const tick of [-1, 2 ** 32]) assert.throws(() => realm.sendInput(tick, { type: "Step", by: 0 }), RangeError);
  assert.throws(() => realm.sendInput(2, { type: "Song", song: new Uint8Array(64) }), RangeError);
  for (const type of ["Coin", "Move"]) assert.throws(() => realm.sendInput(2, { type }), TypeError);
  await closeAndCount(one);
  assert.equal(realm.sendInput(2, { type: "Step", by: 1 }), "away");
  const other = await inside();
  assert.throws(() => other.realm.sendInput(1, { type: "Step", by: 1 }), TypeError, "it has no game");
  await closeAndCount(other);
}

/** Each question has one outcome; what comes for it later, or for none, is passed over. */
async function asksAndIsAsked() {
  const says = link({ Riddle: [0x5003, { x: u16 }] });
  const hears = link({ Wisdom: [0x5104, { x: u16 }] });
  const one = await inside({ game: { says, hears, fingerprint: 0 } });
  const { servers, realm, clock } = one;
  const tick = () => {
    for (let ticks = 0; ticks < 5; ticks++) realm.tick((clock.now += 1));
  };
  const tell = (...messages) => {
    for (const message of messages) servers.world.say(protocol.worldToClient.encode(message));
    tick();
  };
  const riddle = { type: "Riddle", x: 7 };
  const outcomes = [];
  const note = (place) => [(answer) => outcomes.push([place, answer.x]), ({ reason, code }) => outcomes.push([place, reason, code])];
  const ask = (place, timeoutMs) => realm.ask(riddle, timeoutMs).then(...note(place));
  for (let place = 1; place <= 5; place++) ask(place, place === 3 ? 5 : undefined);
  tick();
  const sent = servers.world.sent.filter(({ type }) => type === "AskGame");
  assert.deepEqual(sent.map(({ number, timeout_ms, kind }) => [number, timeout_ms, kind]),
    [[1, 5_000, 3], [2, 5_000, 3], [3, 5, 3], [4, 5_000, 3]]);
  assert.deepEqual([...sent[0].data], [7]);
  const answer = { type: "GameAnswers", number: 1, reason: 0, code: 0, kind: 4, data: Uint8Array.of(9) };
  tell(answer, { ...answer, data: Uint8Array.of(8) }, { ...answer, number: 99 });
  tell({ ...answer, number: 2, reason: protocol.ErrorCode.REFUSED, code: 77 });
  await soon("a time-out", () => outcomes.length === 4);
  assert.deepEqual(outcomes, [[5, "BUSY", 0], [1, 9], [2, "REFUSED", 77], [3, "TIMED_OUT", 0]]);
  tell({ ...answer, number: 3 }, { ...answer, number: 4, kind: 200 });
  await soon("one of a newer game's", () => outcomes.length === 5);
  assert.deepEqual(outcomes[4], [4, "NOT_UNDERSTOOD", 0]);
  // The game asks: nobody wants to know at first.
  const question = { type: "GameAsks", number: 5, kind: 4, data: Uint8Array.of(3) };
  tell(question);
  const asked = [];
  realm.on("Asked", (event) => asked.push(event));
  tell({ ...question, number: 6 });
  assert.deepEqual(asked, [{ type: "Asked", ask: 6, question: { type: "Wisdom", x: 3 } }]);
  assert.equal(realm.answer(6, riddle), "sent");
  assert.equal(realm.refuse(7, 2), "sent");
  tick();
  const replies = servers.world.sent.filter(({ type }) => type === "AnswerGame");
  const { NOT_UNDERSTOOD, REFUSED } = protocol.ErrorCode;
  assert.deepEqual(replies.map(({ number, reason, code, kind, data }) => [number, reason, code, kind, ...data]),
    [[5, NOT_UNDERSTOOD, 0, 0], [6, 0, 0, 3, 7], [7, REFUSED, 2, 0]]);
  // With the room go the answers.
  ask(6);
  servers.world.end();
  tick();
  await soon("a loss", () => outcomes.length === 6);
  assert.deepEqual(outcomes[5], [6, "LOST", 0]);
  await closeAndCount(one);
  assert.throws(() => realm.answer(1, { type: "Move" }), TypeError);
  ask(7);
  await soon("nobody is there", () => outcomes.length === 7);
  assert.deepEqual(outcomes[6], [7, "LOST", 0]);
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ping = (nonce) => protocol.eitherWay.encode({ type: "Ping", nonce });
const pongs = ({ sent }) => sent.filter(({ type }) => type === "Pong").map(({ nonce }) => nonce);

/** Told as long as something waits, and not only by the first that does. */
async function tellsAsLongAsSomethingWaits() {
  let told = 0;
  const one = await inside({ onArrival: () => (told += 1) });
  const { servers: { world }, realm, clock } = one;
  told = 0;
  world.say(ping(1));
  world.say(ping(2));
  assert.equal(told, 2, "the first waits, and the second is told");
  realm.tick((clock.now += 1));
  await null;
  assert.equal(told, 2, "nothing waits any more");
  world.say(ping(3));
  assert.equal(told, 3);
  // More than a tick takes: told again behind it.
  for (let nonce = 4; nonce < 200; nonce++) world.say(ping(nonce));
  told = 0;
  realm.tick((clock.now += 1));
  await null;
  assert.equal(told, 1, "a tick has left something");
  while (realm.tick((clock.now += 1)) > 0);
  await null;
  assert.equal(pongs(world).length, 199);
  await closeAndCount(one);
  // Whoever ticks by arrivals alone hears all of it.
  let isEager = false;
  const eager = await inside({ onArrival: () => isEager && eager.realm.tick((eager.clock.now += 1)) });
  for (let nonce = 0; nonce < 500; nonce++) eager.servers.world.say(ping(nonce));
  isEager = true;
  eager.servers.world.say(ping(500));
  await sleep(0);
  assert.equal(pongs(eager.servers.world).length, 501);
  isEager = false;
  await closeAndCount(eager);
}

async function hidden(act) {
  globalThis.document = { hidden: true };
  try {
    await act();
  } finally {
    delete globalThis.document;
  }
}

async function soon(what, is) {
  for (let waits = 0; !is(); waits++) {
    assert.ok(waits < 1_000, what);
    await sleep(10);
  }
}

/** A hidden tab, and a game whose frames have stopped: what comes is dealt with, by the game's own clock. */
async function answersInItsSleep() {
  const one = await inside();
  const { servers, realm, clock } = one;
  servers.world.say(ping(1));
  assert.deepEqual(pongs(servers.world), [], "the game is awake, and ticks by itself");
  await hidden(async () => {
    servers.world.say(ping(2));
    assert.deepEqual(pongs(servers.world), [1, 2], "with what had waited");
    const heard = [];
    realm.on("EventBroadcast", ({ kind }) => heard.push(kind));
    for (let kind = 0; kind < 1_000; kind++) {
      const event = { ...SAID, kind, data: new Uint8Array(256) };
      servers.world.say(protocol.worldToClient.encode(event));
    }
    assert.equal(heard.length, 1_000, "nothing piles up");
  });
  // By the time alone, in a visible tab that stands still.
  const { world } = servers;
  world.say(ping(3));
  await soon("answered in its sleep", () => pongs(world).length === 3);
  // A lost link is tried again.
  servers.world = null;
  await hidden(async () => {
    world.end();
    await soon("back in its sleep", () => realm.state.world === "inside" && servers.world);
  });
  clock.now += 60_000;
  await closeAndCount(one);
}

/** Code and reason of a close, behind what came before it. */
async function saysHowAConnectionHasEnded() {
  const one = await inside();
  const { servers, realm, clock } = one;
  const told = [];
  for (const type of ["UserLeft", "Disconnected"]) realm.on(type, (event) => told.push(event));
  const most = "ü".repeat(61) + "x";
  const endings = [
    [{ code: 4321, reason: "the bridge is closed" }, { code: 4321, reason: "the bridge is closed" }],
    [{ code: 1001, reason: most }, { code: 1001, reason: most }],
    [{ code: 3000, reason: most + "x" }, { code: 3000, reason: most }],
    [{}, { code: 1006, reason: "" }],
  ];
  for (const [how, expected] of endings) {
    told.length = 0;
    servers.world.say(protocol.worldToClient.encode(GONE));
    servers.world.end(how);
    servers.world = null;
    await tickUntil(realm, clock, () => told.length === 2, 10);
    assert.deepEqual(told, [GONE, { type: "Disconnected", url: "ws://world:1", ...expected }]);
    await tickUntil(realm, clock, () => realm.state.world === "inside" && servers.world, 100_000);
  }
  told.length = 0;
  servers.main.end({ code: 1011, reason: "out of order" });
  await tickUntil(realm, clock, () => told.length === 1, 10);
  assert.deepEqual(told, [{ type: "Disconnected", url: "ws://main:1", code: 1011, reason: "out of order" }]);
  await closeAndCount(one);
  // A connection that never was.
  const nowhere = player({ WebSocket: class { constructor() { throw new SyntaxError("no"); } } });
  nowhere.realm.on("Disconnected", (event) => nowhere.events.push(event));
  const isTold = () => nowhere.events.some(({ type }) => type === "Disconnected");
  await tickUntil(nowhere.realm, nowhere.clock, isTold, 10);
  assert.equal(nowhere.events.find(({ type }) => type === "Disconnected").code, 1006);
  await closeAndCount(nowhere);
}

/** A page whose world plays another game is loaded anew, but not for ever. */
async function isTooOld() {
  const game = { says: link({}), hears: link({}), fingerprint: 0xdead_beef };
  const kept = new Map();
  const page = {
    loads: 0,
    location: { reload: () => (page.loads += 1) },
    sessionStorage: { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) },
  };
  const visit = async (options) => {
    const servers = new FakeServers();
    servers.fingerprint = options.plays;
    const one = { servers, ...player(servers, options) };
    await tickUntil(one.realm, one.clock, () => one.realm.isClosed || one.realm.state.world === "inside", 20_000);
    return one;
  };
  assert.equal((await visit({ game, plays: game.fingerprint })).realm.state.world, "inside");
  Object.assign(globalThis, page);
  try {
    for (const loads of [1, 1]) {
      const { closes } = await visit({ game, plays: 5 });
      assert.deepEqual(closes, [{ type: "Closed", code: 4062, reason: "GAME_CHANGED", refusal: null }]);
      assert.equal(page.loads, loads, "once");
    }
    await visit({ game: { ...game, fingerprint: 6 }, plays: 5 });
    assert.equal(page.loads, 2, "another game than before");
    delete globalThis.sessionStorage;
    await visit({ game: { ...game, fingerprint: 8 }, plays: 5 });
    assert.equal(page.loads, 2, "a page that remembers nothing is not loaded for ever");
    const told = [];
    await visit({ game, plays: 5, onGameChanged: (fingerprint) => told.push(fingerprint) });
    assert.deepEqual(told, [game.fingerprint]);
  } finally {
    for (const name of Object.keys(page)) delete globalThis[name];
  }
}

/** In order, none lost, with views that stay valid and a memory that does not grow. */
async function staysAsItIs() {
  const memories = [];
  const instantiate = WebAssembly.Instance;
  WebAssembly.Instance = function (...of) {
    const instance = new instantiate(...of);
    memories.push(instance.exports);
    return instance;
  };
  const one = await inside();
  WebAssembly.Instance = instantiate;
  const [wasm] = memories;
  const { servers, realm, clock } = one;
  const before = wasm.memory.buffer;
  let heard = 0;
  realm.on("EventBroadcast", ({ request, data }) => {
    assert.equal(request, heard);
    assert.equal(data.length, heard % 257);
    heard += 1;
  });
  let said = 0;
  let sent = 0;
  servers.world.onsend = (body) => {
    const message = protocol.clientToWorld.decode(body);
    if (message?.type !== "Event") return;
    assert.equal(message.kind, sent % 65_536);
    sent += 1;
  };
  let [next, ticks] = [0, 0];
  while (heard < MESSAGES || sent < MESSAGES) {
    // On average less than a tick takes, and often more.
    for (let burst = random(240); burst > 0 && said < MESSAGES; burst--, said++) {
      const message = { type: "EventBroadcast", number: 1, request: said, kind: 1, data: new Uint8Array(said % 257) };
      servers.world.say(protocol.worldToClient.encode(message));
    }
    const event = () => ({ type: "Event", request: 0, kind: next % 65_536, data: new Uint8Array(next % 257) });
    while (next < MESSAGES && realm.send(event()) === "sent") next += 1;
    assert.ok(realm.tick((clock.now += 1)) <= 128, "a tick has a bound");
    assert.ok((ticks += 1) < MESSAGES, `it goes on: ${heard}, ${sent}, ${next}, ${JSON.stringify(one.events.slice(-3))}`);
  }
  assert.deepEqual([heard, sent, next], [MESSAGES, MESSAGES, MESSAGES]);
  assert.equal(wasm.memory.buffer, before, "the memory has grown");
  assert.deepEqual([wasm.request(), wasm.event(), realm.tick((clock.now += 1))], [0, 0, 0], "nothing is left");
  await closeAndCount(one);
  return before.byteLength;
}

/** A socket that does anything at all, and a client that is closed at any moment. */
async function survives() {
  const say = (socket) => {
    const garbage = Uint8Array.from({ length: [0, 3, 4, 40, 508, 509, 20_000, 70_000][random(8)] }, () => random(256));
    const opcode = [0x1101, 0x1102, 0x2101, 0x2107, 0x3101, 0x7102, 4, random(0x5000)][random(8)];
    if (garbage.length >= 4 && random(2)) new DataView(garbage.buffer).setInt32(0, opcode, true);
    socket.say(random(12) ? garbage : "text");
  };
  const acts = [
    (socket) => socket.open(), (socket) => socket.end(), say, say,
    (socket) => {
      say(socket);
      socket.open();
      socket.end();
      socket.end();
    },
    () => {},
  ];
  for (let round = 0; round < HOSTILE_ROUNDS; round++) {
    const sockets = [];
    const servers = random(2) ? new FakeServers() : { sockets, WebSocket: fakeWebSocket((s) => sockets.push(s)) };
    if (!random(20)) servers.WebSocket = class { constructor() { throw new SyntaxError("no"); } };
    const one = player(servers, random(2) ? {} : { account: { login: "login:1", id: "a", password: "b" } });
    const moment = random(40);
    for (let tick = 0; tick < moment; tick++) {
      await null;
      one.realm.tick((one.clock.now += 1 + random(random(5) ? 3 : 3_000)));
      if (servers.sockets.length && random(2)) acts[random(acts.length)](servers.sockets[random(servers.sockets.length)]);
    }
    await closeAndCount(one);
    const isLeft = (socket) => !socket.hasEnded && socket.closedWith === null;
    assert.equal(servers.sockets.filter(isLeft).length, 0, "whatever was opened has ended, or was told to");
  }
}

/** A module that says another fingerprint. */
function ofOtherDays() {
  const [I32_CONST, END] = [0x41, 0x0b];
  const leb = [];
  for (let rest = FINGERPRINT | 0; ; rest >>= 7) {
    const isLast = rest >= -64 && rest < 64;
    leb.push((rest & 0x7f) | (isLast ? 0 : 0x80));
    if (isLast) break;
  }
  const bytes = readFileSync(process.env.TINYREALM_MODULE);
  const place = bytes.indexOf(Uint8Array.of(I32_CONST, ...leb, END));
  assert.ok(place > 0, "the module has the fingerprint");
  bytes[place + 1] ^= 1;
  return load(bytes);
}

async function refusesWhatDoesNotFit() {
  // Node finds the module that lies beside the client, or where it is told.
  for (const of of [[], ["./tinyrealm.wasm"], [new URL("../tinyrealm.wasm", import.meta.url)]]) {
    assert.deepEqual(WebAssembly.Module.exports(await load(...of)), WebAssembly.Module.exports(module));
  }
  await assert.rejects(load("./nowhere.wasm"), { code: "ENOENT" });
  await assert.rejects(load(Uint8Array.of(1, 2, 3)), WebAssembly.CompileError);
  const servers = new FakeServers();
  const options = { module, main: "main:1", WebSocket: servers.WebSocket };
  assert.throws(() => connect({ ...options, main: "m".repeat(65) }), RangeError);
  const old = await ofOtherDays();
  assert.throws(() => connect({ ...options, module: old }), /speaks another protocol/);
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  // A body that does not decode ends its link, and its server learns why.
  const one = await inside();
  const { servers: { world }, realm, clock, events } = one;
  world.say(Uint8Array.of(5, 0x21, 0, 0, 1));
  await tickUntil(realm, clock, () => world.sent.at(-1).type === "Error", 10);
  const { MALFORMED } = protocol.ErrorCode;
  assert.deepEqual(world.sent.at(-1), { type: "Error", code: MALFORMED, about: 0x2105 });
  assert.deepEqual(events.filter(({ type }) => type === "Lost"), [{ type: "Lost", link: "world", reason: "MALFORMED" }]);
  await closeAndCount(one);
  // Who hears more than anybody takes loses its socket, not its order.
  const flooded = await inside();
  const body = protocol.worldToClient.encode({ type: "EventBroadcast", number: 1, request: 0, kind: 1, data: new Uint8Array(256) });
  for (let count = 0; flooded.servers.world.closedWith === null; count++) {
    assert.ok(count < 20_000, "there is a bound");
    flooded.servers.world.say(body);
  }
  await tickUntil(flooded.realm, flooded.clock, () => flooded.realm.state.world !== "inside", 1_000);
  await closeAndCount(flooded);
}

try {
  await comesInAndLeaves();
  await logsIn();
  await goesThroughMain();
  await comesBack();
  await everyMessageComesThrough();
  await showsThings();
  await saysInputs();
await goesToAnotherMain();
await asksAndIsAsked();
  await tellsAsLongAsSomethingWaits();
  await answersInItsSleep();
  await saysHowAConnectionHasEnded();
  await isTooOld();
  await refusesWhatDoesNotFit();
  const bytes = await staysAsItIs();
  await survives();
  console.log(`${MESSAGES} messages each way in ${bytes / 1024} KiB that do not grow; ` +
    `${HOSTILE_ROUNDS} hostile realms, each closed once`);
} catch (error) {
  console.error(`TINYREALM_TEST_SEED=${seed}`);
  throw error;
}
