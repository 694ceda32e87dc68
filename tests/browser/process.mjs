// Programs of a test, ports for them, and waiting for what they do.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const PATIENCE_MS = 20_000;

export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}

/** The configuration of whoever runs the test is not that of its programs, and their data is not there either. */
const data = mkdtempSync(join(tmpdir(), "tinyrealm-data-"));
const ownEnvironment = Object.fromEntries(
  Object.entries({ ...process.env, XDG_DATA_HOME: data }).filter(([name]) => !name.startsWith("TINYREALM_")));

/** A test that fails leaves nothing running. */
const running = new Set();
process.once("exit", () => {
  running.forEach((child) => child.kill("SIGKILL"));
  rmSync(data, { recursive: true, force: true });
});

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
    running.add(this.child);
    this.ended = once(this.child, "exit").finally(() => running.delete(this.child));
  }

  /** TINYREALM_BINARY with these words. */
  static tinyrealm(words, environment) {
    return new Process(process.env.TINYREALM_BINARY, words, environment);
  }

  async stop() {
    if (this.child.exitCode === null) this.child.kill("SIGTERM");
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
