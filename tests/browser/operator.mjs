// The operator's page in headless Chromium: it names the token, lists, searches, kicks, bans, and drains.
//
// `cargo xtask browser` runs it; `tabs.mjs` and `realm.mjs` say what they need.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "./process.mjs";
import { Realm } from "./realm.mjs";
import { Browser, picture } from "./tabs.mjs";

/** More than a page of fifty. */
const BOTS = 60;
const TOKEN = "7f2a90c3d1e84b56";

const realm = await Realm.make(["--worlds", "1", "--bots", `${BOTS}`, "--set", "up.auth=guest"]);
const file = join(realm.folder, "token");
writeFileSync(file, `${TOKEN}\n`, { mode: 0o600 });
realm.set(`admin.token_file=${file}`);
const browser = new Browser();

/** What the list shows, row by row. */
const rows = (tab) => tab.locator("#lines tr").evaluateAll((all) =>
  all.map((row) => [...row.cells].slice(0, -1).map((one) => one.textContent)));
const where = (tab) => tab.locator("#where").textContent();
const open = (tab, list) => tab.locator(`[data-list=${list}]`).click();
/** Answers the question that the page asks. */
const answer = async (tab, reason) => {
  if (reason) await tab.fill("#reason", reason);
  await tab.locator("#yes").click();
};

realm.start();
try {
  await browser.start();
  await until("the realm", () => realm.tell("/readyz"), ({ status }) => status === 200);
  const page = await realm.tell("/");
  assert.match(page.headers["content-security-policy"], /^default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.equal((await realm.tell("/api/users")).status, 401);

  const tab = await browser.visit(realm.admin, { viewport: { width: 1200, height: 760 }, colorScheme: "dark" });
  await tab.locator("#token-form").waitFor();
  await tab.fill("#token", "0000000000000000");
  await tab.locator("#token-form button").click();
  await tab.locator("#problem", { hasText: "token" }).waitFor();
  await tab.fill("#token", TOKEN);
  await tab.locator("#token-form button").click();
  await tab.locator("#state[data-kind=good]").waitFor();
  assert.equal(await tab.locator("#token-form").isVisible(), false);
  assert.equal(await tab.evaluate(() => localStorage.length + sessionStorage.length + document.cookie.length), 0);
  console.log("the page wants the token, and keeps it nowhere");

  await until("all bots are listed", async () => {
    await open(tab, "users");
    return where(tab);
  }, (text) => text === `page 1 of 2, ${BOTS} in all`);
  assert.equal((await rows(tab)).length, 50);
  await picture(tab, "operator");
  await tab.locator("#behind").click();
  await until("the second page", () => rows(tab), (seen) => seen.length === BOTS - 50);
  assert.equal(await tab.locator("#behind").isDisabled(), true);
  const [[uid]] = await rows(tab);
  await tab.fill("#text", uid);
  await tab.press("#text", "Enter");
  await until("one is found", () => rows(tab), (seen) => seen.length === 1 && seen[0][0] === uid);
  console.log("users come in pages, and are found");

  await tab.locator("#lines button", { hasText: "Kick" }).click();
  await picture(tab, "operator-confirm");
  await tab.locator("#confirm button", { hasText: "Cancel" }).click();
  assert.equal((await rows(tab))[0][0], uid);
  await tab.locator("#lines button", { hasText: "Ban" }).click();
  await answer(tab, "<b>too loud</b>");
  await until("it is out", async () => {
    await tab.locator("#search button").first().click();
    return tab.locator("#lines").textContent();
  }, (text) => text.includes("There are none."));
  await open(tab, "bans");
  await until("it is in the list", () => rows(tab), ([row]) => row?.[0] === uid && row[3] === "<b>too loud</b>");
  await tab.locator("#lines button", { hasText: "Unban" }).click();
  await answer(tab);
  await tab.locator("#lines", { hasText: "There are none." }).waitFor();
  for (const list of ["rooms", "worlds", "channels"]) {
    await open(tab, list);
    await until(`the list of ${list}`, () => where(tab), (text) => /^page 1 of 1, [12] in all$/.test(text));
  }
  await open(tab, "worlds");
  for (const [name, state] of [["Drain", "draining"], ["Undrain", "open"]]) {
    await tab.locator("#lines button", { hasText: new RegExp(`^${name}$`) }).click();
    await answer(tab);
    await until(`the world is ${state}`, async () => {
      await open(tab, "worlds");
      return rows(tab);
    }, ([row]) => row?.[1] === state);
  }
  console.log("a world drains and takes newcomers again");
  console.log("somebody is banned and may come again, and what a reason says is text");

  const phone = await browser.visit(realm.admin, { viewport: { width: 390, height: 844 }, colorScheme: "light" });
  await phone.fill("#token", TOKEN);
  await phone.locator("#token-form button").click();
  await phone.locator("#state[data-kind=good]").waitFor();
  await picture(phone, "operator-phone");
  await tab.selectOption("#level", "debug");
  await answer(tab);
  await until("the log says more", async () => realm.said, (said) => said.includes("log {\"level\":\"debug\"} by token"));
  await tab.locator("#drain").click();
  await answer(tab);
  await tab.locator("#state-text", { hasText: "Draining" }).waitFor();
  assert.equal((await realm.tell("/readyz")).text.split("\n")[0], "draining");
  await tab.locator("#drain", { hasText: "Undrain" }).click();
  await answer(tab);
  await tab.locator("#state-text", { hasText: "Ready" }).waitFor();
  assert.ok(!realm.said.includes(TOKEN));
  assert.deepEqual(browser.problems, []);
  console.log("the server drains when it is told to, and takes newcomers again");
} catch (error) {
  console.error(`--- what the realm has said:\n${realm.said}\n---`);
  throw error;
} finally {
  await browser.stop();
  await realm.remove();
}
