// Coin rush on a board in QEMU: a tab of the game's own page plays in its room, among the game's own bots.
//
// `tabs.mjs` and `realm.mjs` say what they need; besides, TINYREALM_IMAGE is the tests' coin rush for the board, and
// QEMU is there.

import assert from "node:assert/strict";
import { BOARD_ENVIRONMENT, REGION, reportOf, startBoard } from "./board.mjs";
import { Process, freePorts, until } from "./process.mjs";
import { Realm } from "./realm.mjs";
import { Browser, picture } from "./tabs.mjs";

const BOTS = 5;
/** As the device has it, whatever the servers' settings are. */
const COINS = 8;

const [port] = await freePorts(1);
const realm = await Realm.make([
  "--worlds", "1", "--bots", "0", "--game", "coin-rush",
  ...["http.page=examples/coin-rush/web", "up.auth=guest", "game.coin-rush.coins=5"].flatMap((one) => ["--set", one]),
], BOARD_ENVIRONMENT);
const browser = new Browser();
const seen = (tab) => tab.evaluate(() => {
  const { world, realm, round, coins, points } = globalThis.coinRush ?? {};
  if (!world) return null;
  const others = [...world.members.keys()].filter((number) => number !== world.me);
  return {
    state: realm.state.world, members: world.members.size, coins: coins().length, round: round(),
    points: others.map(points),
  };
});
const isPlaying = (view) => view?.state === "inside" && view.members === BOTS + 1 && view.coins === COINS
  && view.round?.is_running && view.points.reduce((sum, one) => sum + one, 0) >= BOTS;

realm.start();
let board, bots;
try {
  await browser.start();
  await until("the realm", () => realm.tell("/readyz"), ({ status }) => status === 200);
  board = startBoard(process.env.TINYREALM_IMAGE, realm, port);
  const registered = `world 100 registered`;
  await until("the board's world", async () => realm.said, (said) => said.includes(registered));
  const flags = ["--game", "coin-rush", "--region", REGION, "--count", `${BOTS}`, "--ws=2", "--seconds", "300", "--json"];
  bots = Process.tinyrealm(["bots", "--main", `127.0.0.1:${realm.mainPort}`, ...flags]);
  const tab = await browser.visit(`${realm.page}?region=${REGION}`);
  await until("the tab plays with bots on the board", () => seen(tab), isPlaying);
  await picture(tab, "coin-rush-device");
  const report = await reportOf(bots);
  assert.deepEqual([report.joined, report.lost, report.played.broken_rules], [BOTS, 0, 0]);
  await until("the bots are gone", () => seen(tab), ({ members }) => members === 1);
  assert.deepEqual(browser.problems, []);
  console.log("a tab plays coin rush on a board, among its bots, who find no rule broken");
} catch (error) {
  console.error(`--- what the realm has said:\n${realm.said}\n--- the bots:\n${bots?.said}\n--- QEMU:\n${board?.said}\n---`);
  throw error;
} finally {
  await browser.stop();
  await bots?.stop();
  await board?.stop();
  await realm.remove();
}
