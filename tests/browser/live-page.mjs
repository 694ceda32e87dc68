// The live page in headless Chromium: two tabs among bots, through a restart of the realm.
//
// `cargo xtask browser` runs it; `tabs.mjs` and `realm.mjs` say what they need.

import assert from "node:assert/strict";
import { until } from "./process.mjs";
import { Realm } from "./realm.mjs";
import { Browser, distance, inwards, isIn, picture, places, tapAcross, uidOf } from "./tabs.mjs";

const BOTS = 12;

const realm = await Realm.make(["--worlds", "1", "--bots", `${BOTS}`]);
const ask = (...of) => realm.ask(...of);

async function say(from, to, text) {
  await from.fill("#line", text);
  await from.press("#line", "Enter");
  await to.locator("#log li", { hasText: text }).waitFor();
  await from.locator("#log li", { hasText: text }).waitFor();
  await from.evaluate(() => document.activeElement.blur());
}

async function seeEachOther(tabs) {
  const uids = await Promise.all(tabs.map(uidOf));
  assert.notEqual(uids[0], uids[1]);
  for (const tab of tabs) {
    await until("everyone is on the map", () => places(tab), (seen) =>
      uids.every((uid) => seen[uid]) && Object.keys(seen).length === BOTS + tabs.length);
    const first = await places(tab);
    await until("all bots move", () => places(tab), (seen) =>
      Object.keys(first).filter((uid) => !uids.includes(Number(uid)))
        .every((uid) => distance(first[uid], seen[uid]) > 500));
  }
  return uids;
}

/** A page tells the truth about the realm, and only its own page may make accounts. */
async function checkSite() {
  const health = await until("readyz", () => realm.tell("/readyz"), ({ status }) => status === 200);
  assert.equal(health.text, "ok\n");
  const metrics = await realm.tell("/metrics");
  assert.match(metrics.headers["content-type"], /^application\/openmetrics-text/);
  assert.match(metrics.text, /^tinyrealm_world_deliveries_total\{server="world 1"\} \d+$/m);
  assert.match(metrics.text, /# EOF\n$/);
  const page = await ask("/");
  assert.match(page.headers["content-security-policy"], /^default-src 'none'/);
  assert.equal((await ask("/no-such-thing")).status, 404);
  assert.equal((await ask("/", "POST")).status, 405);
  assert.equal((await ask("/visitor")).status, 405);
  assert.equal((await ask("/visitor", "POST", { origin: "http://elsewhere.example" })).status, 403);
}

realm.start();
const browser = new Browser();
try {
  await checkSite();
  await browser.start();
  const open = (options) => browser.open(realm.page, options);
  const desk = await open({ viewport: { width: 1280, height: 800 }, colorScheme: "dark" });
  const phone = await open({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true });
  const tabs = [desk, phone];
  const uids = await seeEachOther(tabs);
  console.log("two tabs see each other, and the bots move");

  const start = (await places(phone))[uids[0]];
  const { way, key } = inwards(start);
  await desk.keyboard.down(key);
  await until("the other tab sees a walk", () => places(phone), (seen) => (seen[uids[0]].x - start.x) * way > 2_000);
  await desk.keyboard.up(key);
  await until("both know where", () => Promise.all(tabs.map(places)), ([own, seen]) =>
    distance(own[uids[0]], seen[uids[0]]) < 2);
  const before = (await places(desk))[uids[1]];
  const across = await tapAcross(phone);
  await until("and a tap", () => places(desk), (seen) => (seen[uids[1]].x - before.x) * across > 1_000);
  console.log("keys and taps move players");

  await say(desk, phone, "hello from the desk");
  await say(phone, desk, "hello from the phone");
  const late = await open({ viewport: { width: 800, height: 600 }, colorScheme: "light" });
  await late.locator("#log li", { hasText: "hello from the desk" }).waitFor();
  await late.context().close();
  await until("figures", () => desk.textContent("#deliveries"), (text) => Number(text.replaceAll(",", "")) > 0);
  console.log("chat goes both ways, newcomers hear what was said, figures are shown");

  const den = (secret) => `${realm.page}?room=den&secret=${secret}`;
  const friends = [await browser.open(den("sesame"), {}), await browser.open(den("sesame"), {})];
  await until("a link leads into a room", () => Promise.all(friends.map(places)), (seen) =>
    seen.every((members) => Object.keys(members).length === friends.length));
  await friends[1].context().close();
  const stranger = await browser.visit(den("Sesame"), {});
  await stranger.locator("text=wrong secret").waitFor();
  // It would be wrong for another visitor, too: the page asks for none.
  const isAskedAgain = stranger.waitForRequest(/\/(realm|visitor)$/, { timeout: 2_500 }).then(() => true, () => false);
  assert.equal(await isAskedAgain, false);
  for (const tab of [friends[0], stranger]) await tab.context().close();
  console.log("friends with one link meet in a room of their own, and a wrong secret is told");

  await picture(desk, "desktop");
  await picture(phone, "phone");
  await desk.emulateMedia({ colorScheme: "light" });
  await picture(desk, "desktop-light");
  await desk.emulateMedia({ colorScheme: "dark" });

  await realm.stop();
  for (const tab of tabs) await tab.locator("body:not([data-main=ready]):not([data-world=inside])").waitFor();
  await picture(desk, "away");
  realm.start();
  for (const tab of tabs) await tab.locator(isIn).waitFor();
  assert.deepEqual(await seeEachOther(tabs), uids, "the same users");
  await say(desk, phone, "back at the desk");
  await say(phone, desk, "back on the phone");
  assert.deepEqual(browser.problems, []);
  console.log("both tabs came back by themselves, as the same users");
} catch (error) {
  console.error(`--- what the realm has said:\n${realm.said}\n---`);
  throw error;
} finally {
  await browser.stop();
  await realm.remove();
}
