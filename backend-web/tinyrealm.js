// A client of the realm for games in a browser, or in Node: the state machine of the Rust core, compiled
// to wasm, on WebSockets of this side.
//
//   const module = await load();
//   const realm = connect({ module, main: "127.0.0.1:7000" });
//   realm.on("MoveBroadcast", ({ number, pos }) => …);
//   realm.send({ type: "Move", pos, dir });
//   realm.on("Closed", ({ code, reason }) => …);
//   requestAnimationFrame(function frame() { realm.tick(); requestAnimationFrame(frame); });
//
// Every handler runs inside of tick(), and nothing happens between ticks. A tab in the background has no
// frames, and hardly any timers: there, and wherever nobody has ticked for a second, whatever a socket hears
// ticks. So a hidden tab answers the realm's pings, and stays. The client comes back by itself when a server
// goes; "Disconnected" says how a connection has ended, "Closed" comes once, and last.

import * as protocol from "./protocol.js";
import { Malformed } from "./postcard.js";
import {
  ENTROPY_BYTES, FINGERPRINT, HANDOVER_BYTES, LINKS, MAIN_STATES, RECORD_HEADER_BYTES, WORLD_STATES,
  fromModule, toModule,
} from "./module.js";

const SUB_PROTOCOL = "tinyrealm.v2";
/** Of what the sockets have heard and no tick has taken. More than that, and a socket is closed. */
const BACKLOG_MAX_BYTES = 4 * 1024 * 1024;
/** What a message is counted as besides its bytes. */
const MESSAGE_BYTES = 64;
/** Nobody has ticked for so long: what a socket hears does. */
const ASLEEP_MS = 1_000;
/** Where a page remembers the game that it was loaded anew for: once is enough, if its host still has the old one. */
const RELOADED_FOR = "tinyrealm.reloaded-for";
/** A close that no frame has announced. */
const ABNORMAL = 1006;

// What the module answers, and what it asks for.
const [TAKEN, FULL, NOBODY] = [0, 1, 2];
const [OPEN, SEND, CLOSE, DROP] = [1, 2, 3, 4];

// Codes of RFC 6455, and ours for whoever was sent away: 4000 and the protocol's code.
const NORMAL = 1000;
const UNSUPPORTED_DATA = 1003;
const TRY_AGAIN_LATER = 1013;
const SENT_AWAY = 4000;

const utf8 = new TextEncoder();
const events = [
  fromModule, protocol.worldToClient, protocol.mainToClient, protocol.loginToClient, protocol.eitherWay,
];
const commands = [protocol.clientToWorld, protocol.clientToMain];

/**
 * Compiles the module: `source` is its bytes, or where they are, as seen from the page, or in Node from
 * this file; without it, they lie beside this file.
 */
export async function load(source = new URL("./tinyrealm.wasm", import.meta.url)) {
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return WebAssembly.compile(source);
  const url = new URL(source, globalThis.location?.href ?? import.meta.url);
  if (url.protocol !== "file:") return WebAssembly.compileStreaming(fetch(url));
  // What Node does not fetch, and a browser does not have.
  const { readFile } = await import("node:fs/promises");
  return WebAssembly.compile(await readFile(url));
}

/** A client of the realm whose Main is at `options.main`; it begins to go there with the first tick. */
export function connect(options) {
  return new Realm(options);
}

/** A page may say 1000 and what is an application's; other codes are said as such. */
function sayable(code) {
  return code === NORMAL || code >= 3000 ? code : SENT_AWAY + code - NORMAL;
}

/** What a number of `ErrorCode`, `JoinDenial` or `LoginDenial` is called. */
export function codeName(codes, number) {
  const found = Object.entries(codes).find(([, value]) => value === number);
  return found ? found[0] : `code ${number}`;
}

/** A page that is older than its world is loaded anew, but only once for each game that it was made for. */
function reloadOnce(fingerprint) {
  const { location, sessionStorage } = globalThis;
  // Without a memory it could go on for ever.
  if (!location?.reload || !sessionStorage) return;
  if (sessionStorage.getItem(RELOADED_FOR) === `${fingerprint}`) return;
  sessionStorage.setItem(RELOADED_FOR, `${fingerprint}`);
  location.reload();
}

class Realm {
  #wasm;
  #memory;
  #options;
  #handlers = new Map();
  /** WebSockets by the numbers that the module has given them. */
  #sockets = new Map();
  /** What they have told, in order, until the module takes it: `{ tell, body }`. */
  #backlog = [];
  #backlogBytes = 0;
  /** When the last tick was, by the system's clock and by the game's; null before the first. */
  #ticked = null;
  #alarm = null;
  #state = { main: MAIN_STATES[0], world: WORLD_STATES[0] };
  #uid = 0;
  #token = null;
  #device = null;
  #isClosed = false;
  /** The links whose messages we say, and those whose messages we are told. */
  #commands = commands;
  #events = events;

  constructor(options) {
    const { module, main, region = "", account = null, token = null, game = null } = options;
    if (game !== null) this.#speak(game);
    this.#options = {
      WebSocket: globalThis.WebSocket,
      urlOf: (url) => url,
      random: (bytes) => globalThis.crypto.getRandomValues(bytes),
      onArrival: () => {},
      onGameChanged: reloadOnce,
      ...options,
    };
    this.#wasm = new WebAssembly.Instance(module).exports;
    if (this.#wasm.fingerprint() >>> 0 !== FINGERPRINT) {
      throw new Error("tinyrealm.wasm speaks another protocol than protocol.js: run `cargo xtask web`");
    }
    // The module's memory does not grow, so this stays valid.
    this.#memory = new Uint8Array(this.#wasm.memory.buffer);
    const { login = "", id = "", password = "", device = null } = account ?? {};
    const start = {
      type: "Start", main_address: main, region, login_address: login, id, pw: password, token, device,
      fingerprint: game?.fingerprint ?? 0,
    };
    if (this.#wasm.start(this.#handOver(toModule.encode(start))) !== TAKEN) {
      throw new Error("the module does not start");
    }
  }

  /** Where the links to Main and to a world are. */
  get state() {
    return this.#state;
  }

  /** Who we are; 0 before Main has said so. */
  get uid() {
    return this.#uid;
  }

  /** What makes us the same user the next time; null before there is one. */
  get token() {
    return this.#token;
  }

  /** What a login has given to this device, to be kept for the next one; null before there was one. */
  get device() {
    return this.#device;
  }

  get isClosed() {
    return this.#isClosed;
  }

  /** Has `handler` called with each message of this type, inside of tick(). */
  on(type, handler) {
    if (!this.#handlers.has(type)) this.#handlers.set(type, []);
    this.#handlers.get(type).push(handler);
    return this;
  }

  /**
   * Says something to the world or to Main; it goes out with the next tick. "sent"; "full" if it has to
   * be tried again; "away" if we are not there now.
   */
  send(message) {
    const link = this.#commands.find(({ opcodes }) => message.type in opcodes);
    if (!link) throw new TypeError(`a client does not say ${message.type}`);
    const answer = this.#wasm.command(this.#handOver(link.encode(message)));
    if (answer === TAKEN) return "sent";
    if (answer === FULL) return "full";
    if (answer === NOBODY) return "away";
    throw new TypeError(`${message.type} is not a game's to say`);
  }

  /** Deals with what has come and with the time; answers how much that was. Once a frame. */
  tick(now = performance.now()) {
    if (this.#isClosed) return 0;
    this.#alarm ??= this.#setAlarm();
    this.#ticked = { at: performance.now(), now };
    this.#handOverBacklog();
    const handover = this.#wasm.handover();
    this.#options.random(this.#memory.subarray(handover, handover + ENTROPY_BYTES));
    const count = this.#wasm.tick(now);
    this.#doRequests();
    this.#tellEvents();
    if (this.#isWaiting()) queueMicrotask(() => this.#isWaiting() && this.#options.onArrival());
    return count;
  }

  /** Leaves in good order: "Closed" comes with a later tick, two seconds later at most. */
  close() {
    this.#wasm.stop();
  }

  /** Adds a game's own messages; a name that the realm has, too, would be one message or the other. */
  #speak({ says, hears }) {
    const taken = [...commands, ...events].flatMap(({ opcodes }) => Object.keys(opcodes));
    const twice = [says, hears].flatMap(({ opcodes }) => Object.keys(opcodes))
      .filter((name) => taken.includes(name));
    if (twice.length > 0) throw new TypeError(`the realm has messages of these names: ${twice.join(", ")}`);
    this.#commands = [...commands, says];
    this.#events = [...events, hears];
  }

  /** Puts bytes where the module reads them; of too many, enough that it sees so. */
  #handOver(bytes) {
    const part = bytes.subarray(0, HANDOVER_BYTES);
    this.#memory.set(part, this.#wasm.handover());
    return part.length;
  }

  #handOverBacklog() {
    let taken = 0;
    for (const { tell, body } of this.#backlog) {
      if (tell() === FULL) break;
      this.#backlogBytes -= MESSAGE_BYTES + (body?.byteLength ?? 0);
      taken += 1;
    }
    this.#backlog.splice(0, taken);
  }

  #note(tell, body = null) {
    this.#backlog.push({ tell, body });
    this.#backlogBytes += MESSAGE_BYTES + (body?.byteLength ?? 0);
  }

  /** Something has come that no tick has dealt with. */
  #isWaiting() {
    return !this.#isClosed && (this.#backlog.length > 0 || this.#wasm.waiting() !== 0);
  }

  /** As told by a socket, which is never inside of a tick. */
  #arrive(tell, body = null) {
    this.#note(tell, body);
    try {
      this.#options.onArrival();
    } finally {
      this.#wake();
    }
  }

  /** Ticks in place of a game that sleeps, until nothing waits, by the game's own clock. */
  #wake() {
    if (this.#ticked === null) return;
    const { at, now } = this.#ticked;
    const sleptMs = performance.now() - at;
    if (sleptMs < ASLEEP_MS && !globalThis.document?.hidden) return;
    while (this.tick(now + sleptMs) > 0);
  }

  /** For what only the time brings: a link that is tried again. Node does not stay for it. */
  #setAlarm() {
    const alarm = setInterval(() => this.#wake(), ASLEEP_MS);
    alarm.unref?.();
    return alarm;
  }

  /** The oldest record at `place`: `[kind][0][socket: u16][bytes: u16][body]`. */
  #record(place) {
    const memory = this.#memory;
    const end = place + RECORD_HEADER_BYTES + (memory[place + 4] | (memory[place + 5] << 8));
    return {
      kind: memory[place],
      socket: memory[place + 2] | (memory[place + 3] << 8),
      body: memory.slice(place + RECORD_HEADER_BYTES, end),
    };
  }

  #doRequests() {
    for (let place; (place = this.#wasm.request()) !== 0; ) {
      const { kind, socket, body } = this.#record(place);
      this.#wasm.request_taken();
      if (kind === OPEN) this.#open(socket, new TextDecoder().decode(body));
      else if (kind === SEND) this.#sockets.get(socket)?.send(body);
      else if (kind === CLOSE) this.#sockets.get(socket)?.close(sayable(body[0] | (body[1] << 8)));
      else if (kind === DROP) this.#letGo(socket, NORMAL);
    }
  }

  #open(number, url) {
    const { WebSocket, urlOf } = this.#options;
    const wasm = this.#wasm;
    let socket;
    try {
      socket = new WebSocket(urlOf(url), SUB_PROTOCOL);
    } catch {
      // An address that is none, or one that this page may not go to.
      return this.#note(this.#ending(number, ABNORMAL, ""));
    }
    this.#sockets.set(number, socket);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#arrive(() => wasm.opened(number));
    socket.onmessage = ({ data }) => this.#hear(number, data);
    // What the reason is, a page does not learn; the close follows.
    socket.onerror = () => {};
    socket.onclose = ({ code = ABNORMAL, reason = "" }) => {
      if (this.#sockets.delete(number)) this.#arrive(this.#ending(number, code, reason));
    };
  }

  /** Tells the module that a socket has ended, and how. */
  #ending(number, code, reason) {
    return () => this.#wasm.closed(number, code, this.#handOver(utf8.encode(reason)));
  }

  #hear(number, data) {
    if (!this.#sockets.has(number)) return;
    const code = typeof data === "string" ? UNSUPPORTED_DATA
      : this.#backlogBytes > BACKLOG_MAX_BYTES ? TRY_AGAIN_LATER : 0;
    if (code !== 0) {
      this.#letGo(number, code);
      return this.#arrive(this.#ending(number, code, ""));
    }
    const body = new Uint8Array(data).subarray(0, HANDOVER_BYTES);
    this.#arrive(() => this.#wasm.heard(number, this.#handOver(body)), body);
  }

  #letGo(number, code) {
    const socket = this.#sockets.get(number);
    this.#sockets.delete(number);
    socket?.close(sayable(code));
  }

  #tellEvents() {
    for (let place; (place = this.#wasm.event()) !== 0; ) {
      const { body } = this.#record(place);
      this.#wasm.event_taken();
      const message = this.#decode(body);
      if (message) this.#tell(message);
    }
  }

  /** null for what a newer server says, and for what does not decode, which ends its link. */
  #decode(body) {
    try {
      for (const link of this.#events) {
        const message = link.decode(body);
        if (message) return message;
      }
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      this.#wasm.refuse(new DataView(body.buffer).getInt32(0, true));
    }
    return null;
  }

  #tell(message) {
    if (message.type === "State") {
      message = { type: "State", main: MAIN_STATES[message.main], world: WORLD_STATES[message.world] };
      this.#state = message;
    } else if (message.type === "Lost") {
      const reason = codeName(protocol.ErrorCode, message.reason);
      message = { type: "Lost", link: LINKS[message.link], reason };
    } else if (message.type === "Closed") {
      message = this.#closed(message.reason);
    } else if (message.type === "Welcome" || message.type === "LoginAck") {
      this.#uid = message.uid;
      this.#token = message.token;
      this.#device = message.device ?? this.#device;
    }
    for (const handler of this.#handlers.get(message.type) ?? []) handler(message);
    if (message.type === "Closed" && message.code === SENT_AWAY + protocol.ErrorCode.GAME_CHANGED) {
      this.#options.onGameChanged(this.#options.game?.fingerprint ?? 0);
    }
  }

  #closed(reason) {
    this.#isClosed = true;
    clearInterval(this.#alarm);
    const { ErrorCode } = protocol;
    const code = reason === ErrorCode.GOODBYE ? NORMAL : SENT_AWAY + reason;
    return { type: "Closed", code, reason: codeName(ErrorCode, reason) };
  }
}
