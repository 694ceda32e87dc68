// Who this tab is, and its client of the realm.
//
// The client comes back by itself whenever a server goes. What is left to do here: an account and a token,
// which stay in this tab, so that whoever comes back is the same user; and a new client when the old one
// is sent away for good, as somebody else.

import { codeName, connect, load } from "./tinyrealm.js";
import { ErrorCode, LoginDenial } from "./protocol.js";

/** In the background, what the client hears ticks. */
const TICK_MS = 20;
const RETRY_MS = 1_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Of the room that is wished for, and its game: as somebody else one would hear the same. */
const OVER = ["WRONG_SECRET", "BAD_ROOM", "REMOVED"];

/** A name of the protocol's in words: `CHAT_TOO_FAST` is "chat too fast". */
export const inWords = (name) => name.toLowerCase().replaceAll("_", " ");

/** A server that listens everywhere is where the page is. */
function urlOf(url) {
  const { protocol, hostname, port } = new URL(url);
  const isEverywhere = ["0.0.0.0", "[::]"].includes(hostname);
  const scheme = location.protocol === "https:" ? "wss:" : protocol;
  return `${scheme}//${isEverywhere ? location.hostname : hostname}:${port || (protocol === "wss:" ? 443 : 80)}/`;
}

/** What this tab keeps. */
const memory = {
  get: (name) => JSON.parse(sessionStorage.getItem(`tinyrealm ${name}`) ?? "null"),
  set: (name, value) => sessionStorage.setItem(`tinyrealm ${name}`, JSON.stringify(value)),
};

async function ask(path, options) {
  const answer = await fetch(path, options).catch(() => {
    throw new Error("not reachable");
  });
  if (!answer.ok) {
    const retryMs = 1_000 * Number(answer.headers.get("Retry-After")) || RETRY_MS;
    throw Object.assign(new Error((await answer.text()).trim()), { retryMs });
  }
  return answer.json();
}

/** A visitor. `handlers` hear what its client tells, by type. */
export class Visitor {
  #region;
  #nickname;
  #room;
  #handlers;
  #client = null;
  /** What went wrong last, in words; empty while all is well. */
  problem = "";
  worldAddress = "";

  constructor({ region, nickname, room }, handlers) {
    this.#region = region;
    this.#nickname = nickname;
    this.#room = room;
    this.#handlers = handlers;
  }

  get uid() {
    return this.#client?.uid ?? 0;
  }

  get state() {
    return this.#client.state;
  }

  /** `false` if we are not there now. */
  send(message) {
    return this.#client?.send(message) === "sent";
  }

  /** Comes in, and stays, unless it would be sent away again for the same. */
  async start() {
    // A page by TLS may be led to a board, which has none: it seals that link itself.
    const name = location.protocol === "https:" ? "tinyrealm-sealed.wasm" : "tinyrealm.wasm";
    const module = await load(new URL(`./${name}`, import.meta.url));
    for (;;) {
      const failed = await this.#stay(module).catch((error) => error);
      this.#fail(failed.message);
      if (failed.isOver) return;
      await sleep(failed.retryMs ?? RETRY_MS);
    }
  }

  /** Until this client has been sent away. */
  async #stay(module) {
    const { main, login } = await ask("/realm");
    if (login && !memory.get("account")) {
      memory.set("account", await ask("/visitor", { method: "POST" }));
    }
    const [token, account] = [memory.get("token"), memory.get("account")];
    const device = account?.device && Uint8Array.from(account.device);
    const client = connect({
      module, main, urlOf,
      region: this.#region,
      nickname: this.#nickname,
      room: this.#room,
      account: login && { login, ...account, device },
      token: token && Uint8Array.from(token),
    });
    this.#client = client;
    this.#listen(client);
    for (const [type, handler] of Object.entries(this.#handlers)) client.on(type, handler);
    const closed = new Promise((resolve) => client.on("Closed", resolve));
    const timer = setInterval(() => client.tick(), TICK_MS);
    const { reason, refusal } = await closed;
    clearInterval(timer);
    if (OVER.includes(reason)) throw Object.assign(new Error(refusal?.text || inWords(reason)), { isOver: true });
    // Another name may be a good one; another visitor has the same.
    if (reason === codeName(ErrorCode, ErrorCode.BAD_NAME)) this.#nickname = "";
    else this.#becomeSomebodyElse();
    throw new Error(refusal?.text || inWords(reason));
  }

  #listen(client) {
    client.on("Welcome", ({ token }) => memory.set("token", [...token]));
    // With it, wrong guesses of others at this account do not hold this tab back.
    client.on("LoginAck", ({ device }) => {
      memory.set("account", { ...memory.get("account"), device: [...device] });
    });
    client.on("EnterWorldAck", ({ world_addr }) => (this.worldAddress = world_addr));
    client.on("State", ({ main, world }) => {
      if (main === "ready" && world === "inside") this.problem = "";
    });
    client.on("Lost", ({ link, reason }) => {
      const hasGone = reason === codeName(ErrorCode, ErrorCode.GOODBYE);
      this.problem = hasGone ? `${link} has gone` : `${link}: ${inWords(reason)}`;
    });
    client.on("Error", ({ code }) => {
      this.problem = inWords(codeName(ErrorCode, code));
      if (code === ErrorCode.BAD_TOKEN) memory.set("token", null);
      // The realm was one of guests when this client was made.
      if (code === ErrorCode.LOGIN_NEEDED) client.close();
    });
    client.on("LoginDenied", ({ reason }) => (this.problem = inWords(codeName(LoginDenial, reason))));
  }

  /** This tab is a copy of another one, or its account is not there any more. */
  #becomeSomebodyElse() {
    memory.set("token", null);
    memory.set("account", null);
  }

  #fail(problem) {
    this.problem = problem;
    this.#handlers.State({ type: "State", main: "waiting", world: "outside" });
  }
}
