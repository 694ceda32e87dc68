// A hidden tab stays in its room: a game that ticks by frames alone, in a real background tab of Chromium.
//
// `cargo xtask browser` runs it with short time-outs; `cargo xtask browser hidden` with the servers' own, for
// longer than those. TINYREALM_HIDDEN_SECONDS is how long.

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Process, until } from "./process.mjs";
import { Realm } from "./realm.mjs";

const { TINYREALM_BROWSER, TINYREALM_MODULES, TINYREALM_HIDDEN_SECONDS } = process.env;
const { WebSocket } = createRequire(join(TINYREALM_MODULES, "package.json"))("ws");
const SECONDS = Number(TINYREALM_HIDDEN_SECONDS ?? 8);
const SERVERS_IDLE_MS = 30_000;
/** Several pings and a time-out are within the time. */
const QUICK = ["--set", "net.ping_interval_ms=1000", "--set", "net.idle_timeout_ms=3000"];
const FLAGS = [
  "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
  "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
];

/** Chromium as it is for people: Playwright keeps its tabs from ever being hidden. */
class Chromium {
  #folder = mkdtempSync(join(tmpdir(), "tinyrealm-chromium-"));
  #answers = new Map();
  #last = 0;

  async start() {
    this.process = new Process(TINYREALM_BROWSER, [...FLAGS, `--user-data-dir=${this.#folder}`, "about:blank"]);
    const port = join(this.#folder, "DevToolsActivePort");
    const text = await until("Chromium", async () => readFileSync(port, "utf8"), (read) => /\n.+/.test(read));
    const [number, path] = text.split("\n");
    this.socket = new WebSocket(`ws://127.0.0.1:${number}${path}`);
    await new Promise((resolve, reject) => this.socket.on("open", resolve).on("error", reject));
    this.socket.on("message", (data) => {
      const { id, result, error } = JSON.parse(data);
      this.#answers.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
      this.#answers.delete(id);
    });
  }

  ask(method, params = {}, sessionId) {
    const id = (this.#last += 1);
    this.socket.send(JSON.stringify({ id, method, params, sessionId }));
    return new Promise((resolve) => this.#answers.set(id, resolve));
  }

  async open(url) {
    const { targetId } = await this.ask("Target.createTarget", { url });
    const { sessionId } = await this.ask("Target.attachToTarget", { targetId, flatten: true });
    const evaluate = async (expression) => {
      const asked = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await this.ask("Runtime.evaluate", asked, sessionId);
      if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
      return result.value;
    };
    return { evaluate, show: () => this.ask("Target.activateTarget", { targetId }) };
  }

  async stop() {
    this.socket?.close();
    await this.process?.stop();
    // Its helper processes outlive it for a moment, and write into its folder.
    const remove = async () => rmSync(this.#folder, { recursive: true, force: true });
    await until("the end of Chromium's helpers", remove, (error) => error === undefined);
  }
}

/** A game of the page's own: it ticks by frames, and by nothing else. */
const GAME = `(async () => {
  const { connect, load } = await import("/tinyrealm.js");
  const { main, login } = await (await fetch("/realm")).json();
  const account = login && { login, ...await (await fetch("/visitor", { method: "POST" })).json() };
  const realm = connect({ module: await load(), main, account });
  const game = { realm, frames: 0, moves: 0, lost: [] };
  realm.on("MoveBroadcast", () => (game.moves += 1));
  realm.on("Lost", (event) => game.lost.push(event));
  realm.on("Disconnected", (event) => game.lost.push(event));
  (function frame() { game.frames += 1; realm.tick(); requestAnimationFrame(frame); })();
  window.game = game;
})()`;
const STATE = `({ main: game.realm.state.main, world: game.realm.state.world, frames: game.frames,
  moves: game.moves, lost: game.lost, hidden: document.hidden, uid: game.realm.uid })`;

const isQuick = SECONDS * 1_000 <= SERVERS_IDLE_MS;
const realm = await Realm.make(["--worlds", "1", "--bots", "4", ...(isQuick ? QUICK : [])]);
realm.start();
const chromium = new Chromium();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
try {
  await until("readyz", () => realm.tell("/readyz"), ({ status }) => status === 200);
  await chromium.start();
  const tab = await chromium.open(`${realm.page}postcard.js`);
  await until("the page", () => tab.evaluate("document.readyState + location.pathname"), (state) => state === "complete/postcard.js");
  await tab.evaluate(GAME);
  const isIn = ({ main, world }) => main === "ready" && world === "inside";
  const before = await until("the game is in a room", () => tab.evaluate(STATE), isIn);
  // Login has said goodbye.
  await tab.evaluate("game.lost.length = 0");
  const front = await chromium.open("about:blank");
  await front.show();
  const hidden = await until("the tab is hidden", () => tab.evaluate(STATE), ({ hidden }) => hidden);
  await sleep(SECONDS * 1_000);
  const after = await tab.evaluate(STATE);
  assert.ok(after.hidden && after.frames - hidden.frames < 3, `no frames in a hidden tab: ${after.frames - hidden.frames}`);
  assert.deepEqual(after.lost, [], "nothing was lost");
  // A WebSocket's pings the browser answers; what is told in the tab's sleep the game has to hear.
  assert.ok(after.moves - hidden.moves > SECONDS * 5, `it hears the room: ${after.moves - hidden.moves} moves`);
  assert.ok(isIn(after), JSON.stringify(after));
  assert.equal(after.uid, before.uid);
  await tab.show();
  await until("and it goes on", () => tab.evaluate(STATE), ({ frames }) => frames > after.frames + 10);
  console.log(`a hidden tab without frames stayed in its room for ${SECONDS} s, and heard it`);
} catch (error) {
  console.error(`--- what the realm has said:\n${realm.said}\n---`);
  throw error;
} finally {
  await chromium.stop();
  await realm.remove();
}
