// What the browser's tests share: a realm of their own, Chromium, and what a page knows.
//
// `cargo xtask browser` sets TINYREALM_BINARY, TINYREALM_BROWSER (the program), TINYREALM_MODULES (a
// folder with playwright-core) and TINYREALM_SCREENSHOTS (where pictures are kept).

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:http";
import { join } from "node:path";

export const PATIENCE_MS = 20_000;
const { TINYREALM_BINARY, TINYREALM_BROWSER, TINYREALM_MODULES, TINYREALM_SCREENSHOTS } = process.env;
const { chromium } = createRequire(join(TINYREALM_MODULES, "package.json"))("playwright-core");
const BROWSER_FLAGS = [
  "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/** The configuration of whoever runs the test is not the realm's. */
const ownEnvironment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith("TINYREALM_")));

/** A program; its words are shown if the test fails. */
export class Process {
  said = "";
  printed = "";

  constructor(program, flags, environment = {}) {
    const env = { ...ownEnvironment, ...environment };
    this.child = spawn(program, flags, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.child.stdout.on("data", (data) => (this.printed += data));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.on("data", (data) => (this.said += data));
    }
    this.ended = once(this.child, "exit");
  }

  /** `tinyrealm` with these words and settings. */
  static tinyrealm(words, settings, environment) {
    const flags = [...words, ...settings.flatMap((one) => ["--set", one])];
    return new Process(TINYREALM_BINARY, flags, environment);
  }

  async stop() {
    this.child.kill("SIGTERM");
    await this.ended;
  }
}

/** Asks until `is(answer)`. */
export async function until(what, question, is) {
  const deadline = Date.now() + PATIENCE_MS;
  let answer;
  while (Date.now() < deadline) {
    answer = await question().catch((error) => error);
    if (is(answer)) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${what}: ${JSON.stringify(answer)}`);
}

export const isIn = "body[data-main=ready][data-world=inside][data-channel=joined]";
export const places = (tab) => tab.evaluate(() => window.tinyrealm.places());
export const uidOf = (tab) => tab.evaluate(() => window.tinyrealm.uid());
export const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/** Chromium, and what its pages complain about. */
export class Browser {
  problems = [];

  async start() {
    const options = { executablePath: TINYREALM_BROWSER, args: BROWSER_FLAGS, chromiumSandbox: false };
    this.chromium = await chromium.launch(options);
    return this;
  }

  /** A tab of its own context, in a room. */
  async open(url, options) {
    const tab = await (await this.chromium.newContext(options)).newPage();
    tab.setDefaultTimeout(PATIENCE_MS);
    tab.on("pageerror", (error) => this.problems.push(`${error}`));
    tab.on("console", (message) => {
      if (/Content Security Policy|Uncaught/.test(message.text())) this.problems.push(message.text());
    });
    await tab.goto(url);
    await tab.locator(isIn).waitFor();
    return tab;
  }

  async stop() {
    await this.chromium?.close();
  }
}

/** Keeps a picture of the page. */
export async function picture(tab, name) {
  mkdirSync(TINYREALM_SCREENSHOTS, { recursive: true });
  await tab.screenshot({ path: join(TINYREALM_SCREENSHOTS, `${name}.png`) });
}
