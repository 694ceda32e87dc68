// A player of the realm: its links to Login, Main and a world, which come back by themselves.
//
//   Main:   Login, if the realm wants an account and there is no token → Hello → Welcome
//   world:  EnterWorldReq at Main → Join at the world → JoinOk
//
// The two are kept by two loops: a world goes on while Main is away. Each loop waits between two
// attempts, longer each time. The token stays in this tab, so whoever comes back is the same user.

import * as protocol from "./protocol.js";

const SUB_PROTOCOL = "tinyrealm.v1";
const OPEN_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;
/** After so much silence the server is asked whether it is there; after twice as much it is not. */
const SILENCE_MS = 12_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 4_000;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What a code of the protocol is called. */
export function codeName(codes, number) {
  const found = Object.entries(codes).find(([, value]) => value === number);
  return found ? found[0] : `code ${number}`;
}

/** Something was refused, with its code. */
class Refused extends Error {
  constructor(codes, code) {
    super(codeName(codes, code));
    this.code = code;
  }
}

/** Waits that double, with some chance in them, so that not all pages come at the same moment. */
class Backoff {
  #wait = FIRST_WAIT_MS;

  reset() {
    this.#wait = FIRST_WAIT_MS;
  }

  async pause() {
    const wait = this.#wait * (0.75 + Math.random() / 2);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
    await sleep(wait);
  }
}

/** One WebSocket to one server. */
class Link {
  #socket;
  #outbound;
  #inbound;
  #waiting = [];
  #heardAt = performance.now();
  #watch = 0;
  /** Why the server has said goodbye; 0 if it has not. */
  reason = 0;
  /** Resolves when it has ended. */
  closed;

  constructor(address, outbound, inbound, onMessage) {
    this.#outbound = outbound;
    this.#inbound = inbound;
    this.#socket = new WebSocket(urlOf(address), SUB_PROTOCOL);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.onmessage = ({ data }) => this.#hear(new Uint8Array(data), onMessage);
    this.closed = new Promise((resolve) => {
      this.#socket.onclose = () => {
        clearInterval(this.#watch);
        for (const { reject } of this.#waiting.splice(0)) reject(this.#lost());
        resolve();
      };
    });
  }

  async opened() {
    const deadline = setTimeout(() => this.close(), OPEN_TIMEOUT_MS);
    const isOpen = new Promise((resolve) => {
      this.#socket.onopen = () => resolve(true);
    });
    const opened = await Promise.race([isOpen, this.closed]);
    clearTimeout(deadline);
    if (!opened) throw this.#lost();
    this.#watch = setInterval(() => this.#listenForSilence(), SILENCE_MS / 4);
    return this;
  }

  /** `false` if the link has ended. */
  send(message) {
    if (this.#socket.readyState !== WebSocket.OPEN) return false;
    const link = message.type in this.#outbound.opcodes ? this.#outbound : protocol.eitherWay;
    this.#socket.send(link.encode(message));
    return true;
  }

  /** Sends, and answers the first message of these types; throws if it is refused, or not in time. */
  request(message, types) {
    const about = this.#outbound.opcodes[message.type];
    return new Promise((resolve, reject) => {
      const waiting = { about, types, resolve, reject };
      this.#waiting.push(waiting);
      setTimeout(() => {
        const place = this.#waiting.indexOf(waiting);
        if (place < 0) return;
        this.#waiting.splice(place, 1);
        reject(new Error("no answer"));
      }, ANSWER_TIMEOUT_MS);
      if (!this.send(message)) reject(this.#lost());
    });
  }

  close() {
    this.#socket.close();
  }

  #lost() {
    return this.reason ? new Refused(protocol.ErrorCode, this.reason) : new Error("not reachable");
  }

  #listenForSilence() {
    const silence = performance.now() - this.#heardAt;
    if (silence > 2 * SILENCE_MS) this.close();
    else if (silence > SILENCE_MS) this.send({ type: "Ping", nonce: 1 });
  }

  #hear(body, onMessage) {
    this.#heardAt = performance.now();
    const message = this.#inbound.decode(body) ?? protocol.eitherWay.decode(body);
    if (message === null) return;
    if (message.type === "Ping") return void this.send({ type: "Pong", nonce: message.nonce });
    if (message.type === "Bye") this.reason = message.reason;
    const place = this.#waiting.findIndex(({ about, types }) =>
      message.type === "Error" ? message.about === about : types.includes(message.type));
    if (place >= 0) {
      const [{ resolve, reject }] = this.#waiting.splice(place, 1);
      if (message.type === "Error") reject(new Refused(protocol.ErrorCode, message.code));
      else resolve(message);
    }
    onMessage(message);
  }
}

/** A server that listens everywhere is where the page is. */
function urlOf(address) {
  const cut = address.lastIndexOf(":");
  const isEverywhere = ["0.0.0.0", "[::]"].includes(address.slice(0, cut));
  const host = isEverywhere ? location.hostname : address.slice(0, cut);
  return `${location.protocol === "https:" ? "wss" : "ws"}://${host}:${address.slice(cut + 1)}/`;
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
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

/**
 * The player. `tell(message)` hears what Main and the world say, and besides
 * `{ type: "State", main, world, problem }` and `{ type: "WorldLost" }`.
 */
export class Realm {
  #tell;
  #region;
  #main = null;
  #world = null;
  #mainIsReady = [];
  #state = { main: "connecting", world: "waiting", problem: "" };
  uid = 0;
  worldAddress = "";

  constructor(region, tell) {
    this.#region = region;
    this.#tell = tell;
  }

  /** Comes in, and comes back whenever a link ends. */
  start() {
    this.#keep("main", (backoff) => this.#stayAtMain(backoff));
    this.#keep("world", (backoff) => this.#stayInWorld(backoff));
  }

  /** To Main; `false` if it is not there. */
  tellMain(message) {
    return this.#main?.send(message) ?? false;
  }

  /** To the world; `false` if we are in none. */
  tellWorld(message) {
    return this.#world?.send(message) ?? false;
  }

  async #keep(which, stay) {
    const backoff = new Backoff();
    for (;;) {
      try {
        await stay(backoff);
        this.#show({ [which]: "waiting" });
      } catch (error) {
        this.#show({ [which]: "waiting", problem: `${which === "main" ? "Main" : "World"}: ${error.message}` });
      }
      await backoff.pause();
    }
  }

  #show(change) {
    Object.assign(this.#state, change);
    this.#tell({ type: "State", ...this.#state });
  }

  async #stayAtMain(backoff) {
    this.#show({ main: "connecting" });
    const directory = await ask("/realm");
    if (directory.login && !memory.get("token")) await this.#logIn(directory.login);
    this.#show({ main: "greeting" });
    const hear = (message) => this.#tell(message);
    const main = new Link(directory.main, protocol.clientToMain, protocol.mainToClient, hear);
    try {
      await main.opened();
      this.#welcome(await this.#sayHello(main));
      this.#main = main;
      this.#show({ main: "ready", problem: "" });
      backoff.reset();
      for (const resolve of this.#mainIsReady.splice(0)) resolve(main);
      await main.closed;
      if (main.reason === protocol.ErrorCode.REPLACED) {
        // This tab is a copy of another one: it becomes somebody else.
        memory.set("token", null);
        memory.set("account", null);
      }
    } finally {
      this.#main = null;
      main.close();
    }
  }

  async #logIn(address) {
    this.#show({ main: "logging in" });
    if (!memory.get("account")) memory.set("account", await ask("/visitor", { method: "POST" }));
    const { id, password } = memory.get("account");
    const login = new Link(address, protocol.clientToLogin, protocol.loginToClient, () => {});
    try {
      await login.opened();
      const request = { type: "LoginReq", id, pw: password };
      const answer = await login.request(request, ["LoginAck", "LoginDenied"]);
      if (answer.type === "LoginAck") return memory.set("token", [...answer.token]);
      const { LoginDenial } = protocol;
      if ([LoginDenial.WRONG, LoginDenial.DISABLED].includes(answer.reason)) memory.set("account", null);
      else await sleep(Math.min(answer.retry_after_ms, LONGEST_WAIT_MS));
      throw new Refused(LoginDenial, answer.reason);
    } finally {
      login.close();
    }
  }

  async #sayHello(main) {
    const token = memory.get("token");
    const hello = {
      type: "Hello",
      client_version: protocol.CLIENT_VERSION,
      token: token && Uint8Array.from(token),
    };
    try {
      return await main.request(hello, ["Welcome"]);
    } catch (error) {
      const { BAD_TOKEN, LOGIN_NEEDED } = protocol.ErrorCode;
      if ([BAD_TOKEN, LOGIN_NEEDED].includes(error.code)) memory.set("token", null);
      throw error;
    }
  }

  #welcome({ uid, token }) {
    memory.set("token", [...token]);
    if (this.uid !== uid) this.#world?.close();
    this.uid = uid;
  }

  async #stayInWorld(backoff) {
    const main = this.#main ?? (await new Promise((resolve) => this.#mainIsReady.push(resolve)));
    this.#show({ world: "asking" });
    const request = { type: "EnterWorldReq", region: this.#region };
    const { world_addr, handshake_key } = await main.request(request, ["EnterWorldAck"]);
    this.#show({ world: "joining" });
    const hear = (message) => this.#tell(message);
    const world = new Link(world_addr, protocol.clientToWorld, protocol.worldToClient, hear);
    try {
      await world.opened();
      this.worldAddress = world_addr;
      this.#world = world;
      const join = { type: "Join", uid: this.uid, handshake_key };
      const answer = await world.request(join, ["JoinOk", "JoinDenied"]);
      if (answer.type === "JoinDenied") throw new Refused(protocol.JoinDenial, answer.reason);
      this.#show({ world: "inside", problem: "" });
      backoff.reset();
      await world.closed;
    } finally {
      this.#world = null;
      world.close();
      this.#tell({ type: "WorldLost" });
    }
  }
}
