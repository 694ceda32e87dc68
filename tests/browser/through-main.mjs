// A page by https in headless Chromium plays in a world that has no TLS: Main passes on what the page seals.
//
// `cargo xtask browser` runs it; `tabs.mjs` and `realm.mjs` say what they need.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BOARD_ENVIRONMENT } from "./board.mjs";
import { Process, freePorts, until } from "./process.mjs";
import { Realm } from "./realm.mjs";
import { Browser } from "./tabs.mjs";

const REGION = "board";
const TALK = "the cat is out of the bag by now";
/** What a sealed link begins with, either way, and a WebSocket's first byte with a binary message (PROTOCOL.md). */
const [SECURE_CLIENT, SECURE_CLIENT_ANSWER, BINARY] = [0xa0, 0xe0, 0x82];

/** Stands before the world, and keeps what is said there, a list of pieces for each connection and way. */
class Tap {
  ways = [];
  #sockets = new Set();

  async start(target) {
    this.server = createServer((near) => {
      const far = connect(target, "127.0.0.1");
      for (const [from, to] of [[near, far], [far, near]]) {
        const said = [];
        this.ways.push(said);
        this.#sockets.add(from);
        from.on("data", (data) => said.push(data)).on("error", () => to.destroy()).on("close", () => to.destroy());
        from.pipe(to);
      }
    });
    await new Promise((resolve) => this.server.listen(0, "127.0.0.1", resolve));
    return this.server.address().port;
  }

  stop() {
    this.server?.close();
    this.#sockets.forEach((socket) => socket.destroy());
  }

  /** All messages of a way, without masks; behind the head of its handshake. */
  static messages(pieces) {
    const said = Buffer.concat(pieces);
    let rest = said.subarray(said.indexOf("\r\n\r\n") + 4);
    const messages = [];
    while (rest.length >= 2) {
      const short = rest[1] & 0x7f;
      const start = 2 + (short === 126 ? 2 : 0);
      const bytes = short === 126 ? rest.readUInt16BE(2) : short;
      const mask = rest[1] & 0x80 ? rest.subarray(start, start + 4) : Buffer.alloc(4);
      const from = start + (rest[1] & 0x80 ? 4 : 0);
      messages.push({ first: rest[0], body: rest.subarray(from, from + bytes).map((byte, place) => byte ^ mask[place % 4]) });
      rest = rest.subarray(from + bytes);
    }
    return messages;
  }
}

const opcodeOf = (body) => Buffer.from(body).readInt32LE(0);
const folder = mkdtempSync(join(tmpdir(), "tinyrealm-through-"));
await Process.tinyrealm(["cert", "dev", "--out", folder], {}).ended;
const [port] = await freePorts(1);
const realm = await Realm.make(
  ["--worlds", "1", "--bots", "0", "--set", "up.auth=guest", "--set", "http.page=tests/browser/sealed-page"], {
    ...BOARD_ENVIRONMENT,
    TINYREALM_NET_TLS_CERTIFICATE: join(folder, "server.pem"), TINYREALM_NET_TLS_KEY: join(folder, "server.key"),
  });
const tap = new Tap();
const browser = new Browser();
const frames = [];

/** A tab in the room, and what it says and hears at the world. */
async function open() {
  const tab = await browser.visit("about:blank", { ignoreHTTPSErrors: true });
  tab.on("websocket", (socket) => {
    if (!socket.url().includes("/world/")) return;
    for (const [event, way] of [["framesent", "sent"], ["framereceived", "heard"]]) {
      socket.on(event, ({ payload }) => frames.push({ url: socket.url(), way, payload }));
    }
  });
  await tab.goto(`${realm.page.replace("http:", "https:")}?region=${REGION}`);
  const state = () => tab.evaluate(() => globalThis.sealed?.state());
  await until("the tab is in the world", state, (is) => is === "inside");
  return tab;
}

/** On the browser's leg and behind Main: how a link is sealed, and then what nobody reads. */
function checkBothLegs() {
  const urls = new Set(browser.sockets.filter((url) => url.includes("/world/")));
  assert.deepEqual([...urls], [`wss://127.0.0.1:${realm.mainPort}/world/127.0.0.1:${tap.server.address().port}`]);
  assert.deepEqual(browser.sockets.filter((url) => !url.startsWith("wss:")), []);
  assert.ok(frames.every(({ payload }) => typeof payload !== "string"), "a text");
  assert.equal(opcodeOf(frames.find(({ way }) => way === "sent").payload), SECURE_CLIENT);
  assert.equal(opcodeOf(frames.find(({ way }) => way === "heard").payload), SECURE_CLIENT_ANSWER);
  assert.ok(!frames.some(({ payload }) => Buffer.from(payload).includes(TALK.slice(0, 8))), "what is said is read");
  const ways = tap.ways.map(Tap.messages);
  assert.deepEqual(ways.map(([{ body }]) => opcodeOf(body)), [SECURE_CLIENT, SECURE_CLIENT_ANSWER, SECURE_CLIENT, SECURE_CLIENT_ANSWER]);
  for (const { first, body } of ways.flat()) {
    assert.equal(first, BINARY);
    assert.ok(!Buffer.from(body).includes(TALK.slice(0, 8)), "what is said is read behind Main");
  }
  assert.ok(ways.flat().length > 10, `${ways.flat().length} messages`);
}

realm.start();
let world;
try {
  await until("the realm", () => realm.tell("/healthz"), ({ status }) => status === 200);
  const settings = [`world.region=${REGION}`, "world.sealed_clients=4", `world.advertise=ws://127.0.0.1:${await tap.start(port)}`];
  world = Process.tinyrealm([
    "world", "--id", "200", "--port", `${port}`, "--set", "admin.port=0", "--main", `127.0.0.1:${realm.mainPort}`,
    ...settings.flatMap((one) => ["--set", one]),
  ], { XDG_DATA_HOME: realm.folder, ...BOARD_ENVIRONMENT });
  await until("the world", async () => realm.said, (said) => said.includes("world 200 registered"));
  await browser.start();
  const [one, other] = [await open(), await open()];
  await one.evaluate((text) => globalThis.sealed.say(text), TALK);
  for (const tab of [one, other]) {
    await until("an event", () => tab.evaluate(() => globalThis.sealed.heard()), (heard) => heard.includes(TALK));
  }
  checkBothLegs();
  // Figures are as old as the last report.
  const isTold = ({ text }) => /tinyrealm_main_relay_connections\{server="main"\} 2\n/.test(text);
  await until("both are counted", () => realm.tell("/metrics"), isTold);
  assert.deepEqual(browser.problems, []);
  await realm.stop();
  console.log("two pages by https play in a world without TLS, through Main, and nobody on the way reads a word");
} catch (problem) {
  console.error(`${realm.said}\n--- the world:\n${world?.said}`);
  throw problem;
} finally {
  await browser.stop();
  await world?.stop();
  tap.stop();
  await realm.remove();
  rmSync(folder, { recursive: true, force: true });
}
