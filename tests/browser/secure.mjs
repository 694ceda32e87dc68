// The live page by https in headless Chromium: it reaches every server by wss.
//
// `cargo xtask browser` runs it; `tabs.mjs` and `realm.mjs` say what they need.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Process, until } from "./process.mjs";
import { Realm } from "./realm.mjs";
import { Browser, places, uidOf } from "./tabs.mjs";

const BOTS = 4;

const folder = mkdtempSync(join(tmpdir(), "tinyrealm-tls-"));
await Process.tinyrealm(["cert", "dev", "--out", folder], {}).ended;
const realm = await Realm.make(["--worlds", "1", "--bots", `${BOTS}`], {
  TINYREALM_NET_TLS_CERTIFICATE: join(folder, "server.pem"), TINYREALM_NET_TLS_KEY: join(folder, "server.key"),
});

realm.start();
const browser = new Browser();
try {
  await until("the page", () => realm.tell("/readyz"), ({ status }) => status === 200);
  await browser.start();
  // The authority is nobody's whom this Chromium trusts.
  const tab = await browser.open(realm.page.replace("http:", "https:"), { ignoreHTTPSErrors: true });
  const uid = await uidOf(tab);
  await until("everyone is on the map", () => places(tab), (seen) => seen[uid] && Object.keys(seen).length === BOTS + 1);
  // Login, Main and the world.
  assert.ok(browser.sockets.length >= 3, `${browser.sockets}`);
  assert.deepEqual(browser.sockets.filter((url) => !url.startsWith("wss:")), []);
  // In clear the page is there as well, and goes on in clear.
  browser.sockets.length = 0;
  await browser.open(realm.page);
  assert.deepEqual(browser.sockets.filter((url) => !url.startsWith("ws:")), []);
  assert.deepEqual(browser.problems, []);
  await realm.stop();
  console.log("the page by https speaks wss with every server");
} catch (problem) {
  console.error(realm.said);
  throw problem;
} finally {
  await browser.stop();
  await realm.remove();
  rmSync(folder, { recursive: true, force: true });
}
