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
// or its connection goes, to its seat if the game holds it ("Resumed"); "Disconnected" says how a connection has
// ended, "Closed" comes once, and last.

import * as protocol from "./protocol.js";
import { Asks, enveloped, opened } from "./asks.js";
import { Mains } from "./mains.js";
import { Malformed } from "./postcard.js";
import {
  ENTROPY_BYTES, FINGERPRINT, LINKS, MAIN_STATES, WORLD_STATES, fromModule, toModule,
} from "./module.js";
import { FULL, NOBODY, NORMAL, SENT_AWAY, Sockets, TAKEN, asWebSocket, secureAsThePage } from "./sockets.js";

/** Nobody has ticked for so long: what a socket hears does. */
const ASLEEP_MS = 1_000;
/** Where a page remembers the game that it was loaded anew for: once is enough, if its host still has the old one. */
const RELOADED_FOR = "tinyrealm.reloaded-for";
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

export { AskFailed } from "./asks.js";

/** How often Main is asked for another page of rooms; it answers five questions a second. */
const PAGE_INTERVAL_MS = 250;
const LIST_ROOMS = protocol.clientToMain.opcodes.ListRoomsReq;
const ENTER_WORLD_ACK = protocol.mainToClient.opcodes.EnterWorldAck;
const MAIN_ADDRESS = protocol.mainToClient.opcodes.MainAddress;
const WELCOME = protocol.mainToClient.opcodes.Welcome;
const LOST = fromModule.opcodes.Lost;
/** Rooms of one list, unless it is told otherwise. */
const ROOMS_MOST = 60;

/**
 * The wish for a room: with a name, that one, which is opened if it is not there, unless `isNew` says that it is to
 * be new, or is to be there; with a mode, any open one; with `isNew` and no name, a new one whose name is made for it;
 * without anything, one that nobody has named.
 */
function wishOf({ name = "", mode = "", secret = "", options = new Uint8Array(), isNew = null, isListed = true, places = 0 } = {}) {
  const { ANY, NAMED, CREATE, NAMED_OR_NEW } = protocol.WishKind;
  const kind = isNew === true ? CREATE : name === "" ? ANY : isNew === false ? NAMED : NAMED_OR_NEW;
  const is_listed = isListed && kind !== ANY && kind !== NAMED;
  return { kind, name: name.normalize("NFC"), mode, secret, options, is_listed, places };
}

const withWs = (address) => (address.includes("://") ? address : `ws://${address}`);

class Realm {
  #wasm;
  #options;
  #handlers = new Map();
  #sockets;
  /** When the last tick was, by the system's clock and by the game's; null before the first. */
  #ticked = null;
  #alarm = null;
  #state = { main: MAIN_STATES[0], world: WORLD_STATES[0] };
  #uid = 0;
  #token = null;
  #device = null;
  #isClosed = false;
  /** The numbers of those who are away, what members are called, and how much of a snapshot is still to come. */
  #away = new Set();
  #names = new Map();
  /** What the room's game shows: things by their ids, members' states by their numbers. */
  #things = new Map();
  #memberStates = new Map();
  #hasAllStates = false;
  #asks;
  #pagesLeft = 0;
  #isResuming = false;
  /** The game's words for why it does not want us. */
  #refusal = null;
  /** The list of rooms that is being told, and those that wait for it. */
  #listings = [];
  /** What has been told by the module, and to nobody yet. */
  #untold = [];
  /** The world that seals its clients and says `ws:`, as far as one does. */
  #sealing = null;
  /** The Mains that we have been told of, and the address at which the module asks for the one of the page. */
  #mains = new Mains();
  #mainUrl;
  /** The links whose messages we say, and those whose messages we are told. */
  #commands = commands;
  #events = events;

  constructor(options) {
    const { module, main, region = "", nickname = "", room = null, account = null, token = null, game = null } = options;
    if (game !== null) this.#speak(game);
    this.#options = {
      random: (bytes) => globalThis.crypto.getRandomValues(bytes),
      onArrival: () => {},
      onGameChanged: reloadOnce,
      ...options,
    };
    this.#asks = new Asks(game, (said) => this.send(said), (asked) => this.#hand(asked));
    this.#wasm = new WebAssembly.Instance(module).exports;
    if (this.#wasm.fingerprint() >>> 0 !== FINGERPRINT) {
      throw new Error("tinyrealm.wasm speaks another protocol than protocol.js: run `cargo xtask web`");
    }
    const urlOf = (url) => this.#wayTo(url);
    this.#sockets = new Sockets(this.#wasm, { urlOf, ...this.#options, onArrival: () => this.#arrived() });
    this.#mainUrl = asWebSocket(withWs(this.#sockets.withScheme(main)));
    const { login = "", id = "", password = "", device = null } = account ?? {};
    const start = {
      type: "Start", main_address: this.#sockets.withScheme(main), region, nickname: nickname.normalize("NFC"), login_address: login, id, pw: password, token, device,
      fingerprint: game?.fingerprint ?? 0,
    };
    if (this.#wasm.start(this.#sockets.handOver(toModule.encode(start))) !== TAKEN) {
      throw new Error("the module does not start");
    }
    if (room !== null) this.enter(room);
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

  /** Whether the connection of the member of this number is lost, and its seat held. */
  isAway(number) {
    return this.#away.has(number);
  }

  /** The things of the room by their ids, each as the game's own message. */
  get things() {
    return this.#things;
  }

  /** What members show besides their places, by their numbers, each as the game's own message. */
  get memberStates() {
    return this.#memberStates;
  }

  /** Whether those are all that there are. */
  get hasAllStates() {
    return this.#hasAllStates;
  }

  /** What a login has given to this device, to be kept for the next one; null before there was one. */
  get device() {
    return this.#device;
  }

  get isClosed() {
    return this.#isClosed;
  }

  /** What a member of the room is called, we ourselves too; null for who has no name. */
  nameOf(number) {
    return this.#names.get(number) ?? null;
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
    const answer = this.#wasm.command(this.#sockets.handOver(link.encode(message)));
    if (answer === TAKEN) return "sent";
    if (answer === FULL) return "full";
    if (answer === NOBODY) return "away";
    throw new TypeError(`${message.type} is not a game's to say`);
  }

  /**
   * Does something at this tick of ours, as one of the game's own messages; ticks rise, from 1, as long as we are in
   * one room. "InputAck" says how far the room has got, and where we are by that. As send().
   */
  sendInput(tick, input) {
    return this.send({ type: "Input", tick, ...enveloped(this.#options.game, input) });
  }

  /** Goes into another room, as `connect({ room })` names one. */
  enter(room = {}) {
    this.send({ type: "EnterWorldReq", region: "", wish: wishOf(room) });
  }

  /**
   * The rooms that are listed, of one mode or of all, as many as `most`: they come page by page, with ticks. Main
   * must be there, and stay.
   */
  listRooms({ mode = "", most = ROOMS_MOST } = {}) {
    return new Promise((resolve, reject) => {
      this.#listings.push({ mode, most, rooms: [], after: 0, isAsked: false, askAt: 0, resolve, reject });
      this.#askForRooms();
    });
  }

  /** Asks the game of our room something, in its own messages; a promise of the answer, or of an AskFailed. */
  ask(question, timeoutMs = 5_000) {
    return this.#asks.ask(question, timeoutMs);
  }

  /** Answers what "Asked" has told; as send(). */
  answer(ask, answer) {
    return this.#asks.answer(ask, answer);
  }

  /** Refuses to answer what "Asked" has told, with a code of the game's own; as send(). */
  refuse(ask, code = 0) {
    return this.#asks.refuse(ask, code);
  }

  /** Deals with what has come and with the time; answers how much that was. Once a frame. */
  tick(now = performance.now()) {
    if (this.#isClosed) return 0;
    this.#alarm ??= this.#setAlarm();
    this.#ticked = { at: performance.now(), now };
    const count = this.#sockets.tick(() => {
      this.#options.random(this.#sockets.handover(ENTROPY_BYTES));
      const count = this.#wasm.tick(now);
      this.#takeEvents();
      return count;
    });
    this.#tellEvents();
    this.#askForRooms();
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

  /** Asks for the next page of rooms, if it is time. */
  #askForRooms() {
    const listing = this.#listings[0];
    if (!listing || listing.isAsked || performance.now() < listing.askAt) return;
    try {
      const answer = this.send({ type: "ListRoomsReq", region: this.#options.region ?? "", mode: listing.mode, after: listing.after });
      if (answer === "away") this.#endListings(new Error("no list of rooms: Main is away"));
      else listing.isAsked = answer === "sent";
    } catch (error) {
      this.#listings.shift();
      listing.reject(error);
    }
  }

  #takeRooms({ rooms, next_after }) {
    const listing = this.#listings[0];
    if (!listing?.isAsked) return;
    listing.rooms.push(...rooms.slice(0, listing.most - listing.rooms.length));
    Object.assign(listing, { isAsked: false, after: next_after, askAt: performance.now() + PAGE_INTERVAL_MS });
    if (next_after !== 0 && listing.rooms.length < listing.most) return;
    this.#listings.shift();
    listing.resolve(listing.rooms);
  }

  /** Main has been asked too much: it is asked again. */
  #askForRoomsAgain() {
    const listing = this.#listings[0];
    if (listing) Object.assign(listing, { isAsked: false, askAt: performance.now() + 4 * PAGE_INTERVAL_MS });
  }

  #endListings(error) {
    for (const { reject } of this.#listings.splice(0)) reject(error);
  }

  /** Something has come that no tick has dealt with. */
  #isWaiting() {
    return !this.#isClosed && this.#sockets.isWaiting();
  }

  /** As told by a socket, which is never inside of a tick. */
  #arrived() {
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

  /** A page that came by TLS may not go to a board's own WebSocket: Main passes on what it seals. */
  #wayTo(url) {
    if (url === this.#mainUrl && this.#mains.address !== null) url = this.#otherMain();
    const secure = secureAsThePage(url);
    if (secure === url || url !== this.#sealing) return secure;
    const main = this.#sockets.withScheme(this.#mains.address ?? this.#options.main).replace(/\/$/, "");
    return `${main}/world/${url.slice("ws://".length)}`;
  }

  /** Another Main than the page's. Whoever has come by TLS goes to none in clear. */
  #otherMain() {
    const { address } = this.#mains;
    const isByTls = this.#mainUrl.startsWith("wss:");
    if (isByTls && /^(ws|tcp):/.test(address)) return this.#mainUrl;
    return address.includes("://") ? asWebSocket(address) : `${isByTls ? "wss" : "ws"}://${address}`;
  }

  /** Takes what the module tells, before it is done what it asks for: where a world is, one of these says. */
  #takeEvents() {
    // While a handler has left some, the module keeps its own.
    if (this.#untold.length > 0) return;
    for (let place; (place = this.#wasm.event()) !== 0; ) {
      const { body } = this.#sockets.record(place);
      this.#wasm.event_taken();
      this.#untold.push(body);
      this.#note(new DataView(body.buffer).getInt32(0, true), body);
    }
  }

  /** What is done before the module asks for its next connection. What does not decode is told as such later. */
  #note(opcode, body) {
    try {
      if (opcode === ENTER_WORLD_ACK) this.#noteWorld(body);
      else if (opcode === MAIN_ADDRESS) this.#mains.hear(protocol.mainToClient.decode(body));
      else if (opcode === WELCOME) this.#mains.welcomed();
      else if (opcode === LOST && LINKS[fromModule.decode(body).link] === "main") this.#mains.lost();
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
    }
  }

  #noteWorld(body) {
    const { world_addr, is_sealing } = protocol.mainToClient.decode(body);
    const url = asWebSocket(world_addr);
    this.#sealing = is_sealing && url.startsWith("ws:") ? url : null;
  }

  #tellEvents() {
    for (; this.#untold.length > 0; this.#takeEvents()) {
      for (let body; (body = this.#untold.shift()); ) {
        const message = this.#decode(body);
        if (message) this.#tell(message);
      }
    }
  }

  /** null for what a newer server says, and for what does not decode, which ends its link. */
  #decode(body) {
    try {
      for (const link of this.#events) {
        const message = link.decode(body);
        if (!message) continue;
        this.#noteState(message);
        return message;
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
      if (message.world !== "inside") this.#asks.lose();
    } else if (message.type === "Lost") {
      const reason = codeName(protocol.ErrorCode, message.reason);
      message = { type: "Lost", link: LINKS[message.link], reason };
    } else if (message.type === "Closed") {
      this.#asks.lose();
      message = this.#closed(message.reason);
    } else if (message.type === "GameAsks") {
      this.#asks.asked(message, this.#handlers.has("Asked"));
    } else if (message.type === "Welcome" || message.type === "LoginAck") {
      this.#uid = message.uid;
      this.#token = message.token;
      this.#device = message.device ?? this.#device;
    } else {
      this.#noteRoom(message);
    }
    this.#noteListing(message);
    this.#hand(message);
    if (message.type === "Closed" && message.code === SENT_AWAY + protocol.ErrorCode.GAME_CHANGED) {
      this.#options.onGameChanged(this.#options.game?.fingerprint ?? 0);
    }
  }

  #noteListing(message) {
    const { type, link, about } = message;
    if (type === "RoomPage") this.#takeRooms(message);
    else if (type === "Error" && about === LIST_ROOMS) this.#askForRoomsAgain();
    else if (type === "Closed" || (type === "Lost" && link === "main")) {
      this.#endListings(new Error("no list of rooms: Main is away"));
    }
  }

  /** Who is away and who is called what, and whether this client is back in its own seat. */
  #noteRoom(message) {
    if (message.type === "JoinOk") {
      this.#isResuming = message.is_returned;
      this.#forgetStates();
      this.#pagesLeft = 0;
    } else if (message.type === "RoomSnapshot") {
      if (this.#pagesLeft === 0) {
        this.#away.clear();
        this.#names.clear();
        this.#forgetStates();
      }
      this.#pagesLeft = message.pages_left;
      const { missed_events } = message;
      const isFirst = this.#isResuming;
      this.#isResuming = false;
      if (isFirst) this.#hand({ type: "Resumed", missed_events });
    } else if (message.type === "MemberName") {
      if (message.name) this.#names.set(message.number, message.name);
      else this.#names.delete(message.number);
    } else if (message.type === "UserAway") {
      this.#away.add(message.number);
    } else if (message.type === "UserBack" || message.type === "UserLeft") {
      this.#away.delete(message.number);
      if (message.type === "UserLeft") this.#names.delete(message.number);
    } else if (message.type === "JoinDenied") {
      this.#refusal = { code: message.code, text: message.text };
    }
  }

  /** Keeps what the room's game shows. Throws what does not decode. */
  #noteState(message) {
    const { type, id, number, kind, data } = message;
    if (type === "GameAnswers") {
      this.#asks.answered(message);
    } else if (type === "GameAsks") message.question = opened(this.#options.game, kind, data);
    else if (type === "ThingPut") this.#keepState(this.#things, id, kind, data);
    else if (type === "ThingRemoved") this.#things.delete(id);
    else if (type === "MemberExtra") this.#keepState(this.#memberStates, number, kind, data);
    else if (type === "UserLeft") this.#memberStates.delete(number);
    else if (type === "StateComplete") this.#hasAllStates = true;
  }

  #keepState(states, key, kind, data) {
    const state = opened(this.#options.game, kind, data);
    if (state) states.set(key, state);
    else states.delete(key);
  }

  #forgetStates() {
    this.#things.clear();
    this.#memberStates.clear();
    this.#hasAllStates = false;
  }

  #hand(message) {
    for (const handler of this.#handlers.get(message.type) ?? []) handler(message);
  }

  #closed(reason) {
    this.#isClosed = true;
    clearInterval(this.#alarm);
    const { ErrorCode } = protocol;
    const code = reason === ErrorCode.GOODBYE ? NORMAL : SENT_AWAY + reason;
    const isTheGameS = [ErrorCode.REMOVED, ErrorCode.BANNED].includes(reason);
    const refusal = isTheGameS ? this.#refusal : null;
    return { type: "Closed", code, reason: codeName(ErrorCode, reason), refusal };
  }
}
