// A realm of real servers for a test, on ports of its own. TINYREALM_BINARY is the program.

import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Process, freePorts } from "./process.mjs";

export class Realm {
  /** Where files of the test may be, and the servers' are; it goes with the realm. */
  folder = mkdtempSync(join(tmpdir(), "tinyrealm-"));
  #flags;
  #environment;
  #http;
  #admin;
  #up = null;

  static async make(flags, environment) {
    return new Realm(flags, environment, await freePorts(6));
  }

  constructor(flags, environment, [http, main, login, chat, world, admin]) {
    this.#http = http;
    this.#admin = admin;
    this.mainPort = main;
    const settings = [
      `http.port=${http}`, `admin.port=${admin}`, `main.port=${main}`, `login.port=${login}`, `chat.port=${chat}`,
      `world.port=${world}`,
    ];
    this.#flags = ["up", ...flags, ...settings.flatMap((one) => ["--set", one])];
    this.#environment = { XDG_DATA_HOME: this.folder, ...environment };
  }

  get page() {
    return `http://127.0.0.1:${this.#http}/`;
  }

  /** The operator's. */
  get admin() {
    return `http://127.0.0.1:${this.#admin}/`;
  }

  /** One more setting, before it starts. */
  set(setting) {
    this.#flags.push("--set", setting);
  }

  /** Its words, to be shown if the test fails. */
  get said() {
    return this.#up?.said;
  }

  start() {
    this.#up = Process.tinyrealm(this.#flags, this.#environment);
  }

  async stop() {
    await this.#up?.stop();
  }

  /** All of its servers at once, without a word to anybody. */
  async kill() {
    this.#up.child.kill("SIGKILL");
    await this.#up.ended;
  }

  async remove() {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** What the operator's entrance says. */
  tell(path) {
    return this.ask(path, "GET", {}, this.#admin);
  }

  ask(path, method = "GET", headers = {}, port = this.#http) {
    return new Promise((resolve, reject) => {
      const asked = request({ host: "127.0.0.1", port, path, method, headers }, (answer) => {
        let text = "";
        answer.on("data", (data) => (text += data));
        answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
      });
      asked.on("error", reject);
      asked.end();
    });
  }
}
