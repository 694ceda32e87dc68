// Two tabs of a page that is served already play coin rush with bots: TINYREALM_PAGE is where it is.
//
// `tabs.mjs` says what it needs.

import assert from "node:assert/strict";
import { until } from "./process.mjs";
import { Browser, picture } from "./tabs.mjs";

const browser = new Browser();
const seen = (tab) => tab.evaluate(() => {
  const { world, realm, points } = globalThis.coinRush ?? {};
  if (!world) return null;
  return { state: realm.state.world, members: world.members.size, points: [...world.members.keys()].map(points) };
});
/** Somebody else has coins, so bots play. */
const isPlaying = (view) => view?.state === "inside" && view.members > 2 && view.points.some((points) => points > 0);

try {
  await browser.start();
  const tabs = [];
  for (const _ of [1, 2]) tabs.push(await browser.visit(process.env.TINYREALM_PAGE));
  for (const tab of tabs) await until("a tab plays with bots", () => seen(tab), isPlaying);
  await picture(tabs[0], "ten-minutes");
  assert.deepEqual(browser.problems, []);
} finally {
  await browser.stop();
}
