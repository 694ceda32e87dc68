// Chromium with the live page in its tabs, and what a page knows.
//
// `cargo xtask browser` sets TINYREALM_BROWSER (the program), TINYREALM_MODULES (a folder with
// playwright-core) and TINYREALM_SCREENSHOTS (where pictures are kept).

import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PATIENCE_MS } from "./process.mjs";

const { TINYREALM_BROWSER, TINYREALM_MODULES, TINYREALM_SCREENSHOTS } = process.env;
const { chromium } = createRequire(join(TINYREALM_MODULES, "package.json"))("playwright-core");
const BROWSER_FLAGS = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export const isIn = "body[data-main=ready][data-world=inside][data-channel=joined]";
export const places = (tab) => tab.evaluate(() => window.tinyrealm.places());
export const uidOf = (tab) => tab.evaluate(() => window.tinyrealm.uid());
export const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);
/** From anywhere on the field, whose middle is 0, there is room this way: along x, with that key. */
export const inwards = ({ x }) => (x > 0 ? { way: -1, key: "a" } : { way: 1, key: "d" });

/** Chromium, and what its pages complain about. */
export class Browser {
  problems = [];
  /** Where its pages have opened WebSockets to. */
  sockets = [];

  async start() {
    const options = { executablePath: TINYREALM_BROWSER, args: BROWSER_FLAGS, chromiumSandbox: false };
    this.chromium = await chromium.launch(options);
    return this;
  }

  /** A tab of its own context, in a room. */
  async open(url, options) {
    const tab = await this.visit(url, options);
    await tab.locator(isIn).waitFor();
    return tab;
  }

  /** A tab of its own context. */
  async visit(url, options) {
    const tab = await (await this.chromium.newContext(options)).newPage();
    tab.setDefaultTimeout(PATIENCE_MS);
    tab.on("websocket", (socket) => this.sockets.push(socket.url()));
    tab.on("pageerror", (error) => this.problems.push(`${error}`));
    tab.on("console", (message) => {
      if (/Content Security Policy|Uncaught/.test(message.text())) this.problems.push(message.text());
    });
    await tab.goto(url);
    return tab;
  }

  async stop() {
    await this.chromium?.close();
  }
}

/** Taps the map to the left or right of its middle, whichever is farther from the tab's own player: which way that is. */
export async function tapAcross(tab) {
  const [seen, uid] = [await places(tab), await uidOf(tab)];
  const xs = Object.values(seen).map(({ x }) => x);
  const way = seen[uid].x > (Math.min(...xs) + Math.max(...xs)) / 2 ? -1 : 1;
  const map = tab.locator("#map");
  const { width, height } = await map.boundingBox();
  await map.tap({ position: { x: width * (0.5 + 0.25 * way), y: height / 2 } });
  return way;
}

/** Keeps a picture of the page. */
export async function picture(tab, name) {
  mkdirSync(TINYREALM_SCREENSHOTS, { recursive: true });
  await tab.screenshot({ path: join(TINYREALM_SCREENSHOTS, `${name}.png`) });
}
