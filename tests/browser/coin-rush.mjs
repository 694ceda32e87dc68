// A game's own page: coin rush in two tabs, one of which runs for a coin.
//
// `tabs.mjs` and `realm.mjs` say what they need.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { until } from "./process.mjs";
import { Realm } from "./realm.mjs";
import { Browser, picture } from "./tabs.mjs";

const REACH = 1_000;
const realm = await Realm.make([
  "--worlds", "1", "--bots", "0", "--game", "coin-rush",
  ...["http.page=examples/coin-rush/web", "game.coin-rush.coins=5", "game.coin-rush.round_s=3600"]
    .flatMap((one) => ["--set", one]),
]);
const browser = new Browser();

/** What a tab knows of the room. */
const seen = (tab) => tab.evaluate(() => {
  const { coinRush } = globalThis;
  if (!coinRush) return null;
  const { world, realm, round, coins, points } = coinRush;
  const members = [...world.members];
  return {
    me: world.me, uid: realm.uid, coins: coins(), members, points: members.map(([number]) => [number, points(number)]),
    round: round(), state: realm.state.world,
  };
});
const isPlaying = (view) => view?.state === "inside" && view.coins.length === 5 && view.round?.is_running;
const pointsOf = (view, number) => new Map(view.points).get(number);

/** Holds the keys that lead to the coin, until it is won: the server may know of less of the way than the tab, and say so. */
async function win(tab, coin) {
  const held = new Set();
  const hold = async (key, is) => {
    if (is === held.has(key)) return;
    held[is ? "add" : "delete"](key);
    await tab.keyboard[is ? "down" : "up"](key);
  };
  const won = await until("the runner has a coin", async () => {
    const view = await seen(tab);
    const at = new Map(view.members).get(view.me);
    const [dx, dy] = [coin.x - at.x, coin.y - at.y];
    await hold("d", dx > REACH);
    await hold("a", dx < -REACH);
    await hold("w", dy > REACH);
    await hold("s", dy < -REACH);
    return view;
  }, (view) => pointsOf(view, view.me) >= 1);
  for (const key of held) await tab.keyboard.up(key);
  return won;
}

realm.start();
try {
  await browser.start();
  await until("the realm", () => realm.tell("/readyz"), ({ status }) => status === 200);
  const [runner, watcher] = [await browser.visit(realm.page), await browser.visit(realm.page)];
  const start = await until("the runner plays", () => seen(runner), isPlaying);
  await until("the watcher plays", () => seen(watcher), isPlaying);
  await until("both see both", () => seen(watcher), ({ members }) => members.length === 2);
  const won = await win(runner, start.coins[0]);
  // Points and coins come in one flush, as messages of their own: a look may fall between them. Where the round has ended meanwhile,
  // both begin the next one alike.
  const isTold = ([view, own]) => pointsOf(view, won.me) === pointsOf(own, won.me)
    && isDeepStrictEqual(view.coins, own.coins) && !isDeepStrictEqual(view.coins, start.coins);
  await until("the watcher is told, and the coin lies elsewhere", async () => [await seen(watcher), await seen(runner)], isTold);
  await runner.locator("#scores li.me").waitFor();
  await picture(runner, "coin-rush");

  // A reload is the same user, who is told everything anew.
  await runner.reload();
  const back = await until("the runner is back", () => seen(runner), isPlaying);
  assert.equal(back.uid, won.uid);

  // Who has given itself a name is called so, by itself and by others.
  await runner.fill("#name", "Zoë");
  await runner.click("#named button");
  await runner.locator("#scores li.me", { hasText: "Zoë (you)" }).waitFor();
  await watcher.locator("#scores li", { hasText: "Zoë" }).waitFor();
  await until("the runner plays again", () => seen(runner), isPlaying);

  // Main, the world and all else are killed, and start again: whoever plays comes back by itself, to its points and
  // its place. The room is kept every second.
  const before = await until("the runner knows its points", () => seen(runner), (view) => pointsOf(view, view.me) >= 1);
  await until("the room is kept", () => seen(runner), ({ round }) => round.left_s <= before.round.left_s - 3);
  await realm.kill();
  await until("the runner has lost it", () => seen(runner), ({ state }) => state !== "inside");
  realm.start();
  const after = await until("the runner plays on", () => seen(runner), (view) => isPlaying(view) && pointsOf(view, view.me) >= 1);
  assert.deepEqual([after.uid, after.round.number], [before.uid, before.round.number]);
  assert.ok(after.round.left_s < before.round.left_s, "the round goes on");
  await until("the watcher plays on", () => seen(watcher), (view) => isPlaying(view) && view.members.length === 2);
  await watcher.locator("#scores li", { hasText: "Zoë" }).waitFor();

  // Friends meet by a room's name and its password; a stranger is told that it is not the password, and has another try.
  const goTo = async (tab, name, secret) => {
    await tab.fill("#room", name);
    await tab.fill("#secret", secret);
    await tab.click("#going button");
  };
  const [ann, bob] = [await browser.visit(realm.page), await browser.visit(realm.page)];
  for (const tab of [ann, bob]) {
    await until("a friend plays", () => seen(tab), isPlaying);
    await goTo(tab, "den", "sesame");
  }
  for (const tab of [ann, bob]) {
    await until("friends are alone", () => seen(tab), (view) => isPlaying(view) && view.members.length === 2);
  }
  await until("the others are, too", () => seen(watcher), ({ members }) => members.length === 2);
  await watcher.locator("#rooms button", { hasText: "den (2 of" }).waitFor();
  const stranger = await browser.visit(realm.page);
  await until("the stranger plays", () => seen(stranger), isPlaying);
  await goTo(stranger, "den", "Sesame");
  await stranger.locator("#refused", { hasText: "not this room's password" }).waitFor();
  await stranger.locator("#state", { hasText: "choose another one" }).waitFor();
  await goTo(stranger, "den", "sesame");
  await until("the stranger is in", () => seen(stranger), (view) => isPlaying(view) && view.members.length === 3);
  for (const tab of [ann, bob, stranger]) await tab.close();
  await until("they are gone", () => seen(watcher), ({ members }) => members.length === 2);

  // Who only cheats is banned for a while, and does not come back by itself.
  const cheat = await browser.visit(realm.page);
  await until("the cheat plays", () => seen(cheat), isPlaying);
  await cheat.evaluate(() => {
    const { realm, world } = globalThis.coinRush;
    const x = world.members.get(world.me).x > 0 ? -20_000 : 20_000;
    for (let times = 0; times < 60; times++) realm.send({ type: "Move", pos: { x, y: 0, z: 0 }, dir: 0 });
  });
  await cheat.locator("#state", { hasText: /It is over: (BANNED|too fast)/ }).waitFor();
  const left = await until("the others see it go", () => seen(watcher), ({ members }) => members.length === 2);
  assert.equal(left.state, "inside");
  assert.deepEqual(browser.problems, []);
  console.log("two tabs play coin rush: a coin is won, everybody is told, a reload and a kill of all servers are come back from, a name is shown, friends meet in a room with a password, a cheat is banned");
} catch (error) {
  console.error(`--- what the realm has said:\n${realm.said}\n---`);
  throw error;
} finally {
  await browser.stop();
  await realm.remove();
}
