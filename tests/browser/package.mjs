// The npm package that `tinyrealm web` writes: by Vite, its developing server and what it builds, in Chromium; and
// in Node with `ws`. Each plays coin rush by the package's name alone. Pages without a bundler are the other tests.
//
// `tabs.mjs` and `realm.mjs` say what they need; TINYREALM_MODULES has Vite and `ws` as well.

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Process, freePorts, until } from "./process.mjs";
import { Realm } from "./realm.mjs";
import { Browser } from "./tabs.mjs";

const { TINYREALM_MODULES } = process.env;
// Below the folder with Vite, so that Node finds that.
const app = mkdtempSync(join(TINYREALM_MODULES, "app-"));
const [developing] = await freePorts(1);

const PLAY = `
  const realm = connect({ module: await load(), main, game, ...options });
  const isCoin = ({ type }) => type === "Coin";
  const seen = { coins: () => [...realm.things.values()].filter(isCoin).length, state: () => realm.state.world };
`;
const FILES = {
  "index.html": `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/main.js"></script>`,
  "main.js": `
import { connect, load } from "tinyrealm";
import { game } from "tinyrealm/coin-rush.js";
async function play(main, options = {}) {${PLAY}
  globalThis.seen = seen;
  requestAnimationFrame(function frame() { realm.tick(); requestAnimationFrame(frame); });
}
play(new URLSearchParams(location.search).get("main"));
`,
  // Vite would bundle what it serves to developers, too, away from the module beside it.
  "vite.config.js": `
export default { optimizeDeps: { exclude: ["tinyrealm"] }, server: { host: "127.0.0.1", strictPort: true } };
`,
  "node.mjs": `
import { connect, load } from "tinyrealm";
import { game } from "tinyrealm/coin-rush.js";
import { WebSocket } from "ws";
const [main, options] = [process.argv[2], { WebSocket }];
${PLAY}
const timer = setInterval(() => {
  realm.tick();
  if (seen.state() === "inside" && seen.coins() >= 5) realm.close();
}, 10);
realm.on("Closed", ({ code }) => {
  clearInterval(timer);
  console.log("closed", code, seen.coins());
});
`,
};

const realm = await Realm.make([
  "--worlds", "1", "--bots", "0", "--game", "coin-rush",
  ...[`http.page=${app}/dist`, "up.auth=guest", "net.origins=*", "game.coin-rush.coins=5"]
    .flatMap((one) => ["--set", one]),
]);
const browser = new Browser();
const vite = (...words) => new Process(
  process.execPath, [join(TINYREALM_MODULES, "node_modules/vite/bin/vite.js"), ...words, app]);
const main = `127.0.0.1:${realm.mainPort}`;

async function visit(page) {
  const tab = await browser.visit(`${page}?main=${main}`);
  const seen = () => tab.evaluate(() => ({ coins: globalThis.seen?.coins(), state: globalThis.seen?.state() }));
  await until(`${page} plays`, seen, ({ coins, state }) => state === "inside" && coins >= 5);
}

let server = null;
try {
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(app, name), text);
  writeFileSync(join(app, "package.json"), `{ "private": true, "type": "module" }`);
  mkdirSync(join(app, "node_modules"));
  const written = Process.tinyrealm(["web", "--out", join(app, "node_modules/tinyrealm")]);
  assert.deepEqual(await written.ended, [0, null], written.said);
  const built = vite("build");
  assert.deepEqual(await built.ended, [0, null], built.said);
  realm.start();
  await until("the realm", () => realm.tell("/readyz"), ({ status }) => status === 200);

  const node = new Process(process.execPath, [join(app, "node.mjs"), main]);
  assert.deepEqual(await node.ended, [0, null], node.said);
  assert.match(node.said, /closed 1000 [5-9]/);

  await browser.start();
  await visit(realm.page);
  server = vite("--port", `${developing}`);
  await until("Vite serves", async () => server.said, (said) => said.includes("ready in"));
  await visit(`http://127.0.0.1:${developing}/`);
  assert.deepEqual(browser.problems, []);
  console.log("the package plays: in Node, built by Vite, and served by it");
} catch (error) {
  console.error(`--- what the realm has said:\n${realm.said}\n---`);
  throw error;
} finally {
  await server?.stop();
  await browser.stop();
  await realm.remove();
  rmSync(app, { recursive: true, force: true });
}
