// The WebSockets of a wasm module whose network is `tinyrealm-web-client`'s: the realm's client, or a module of
// your own with the proxy of a `protocol!` of your own, which needs no realm.
//
//   const sockets = new Sockets(new WebAssembly.Instance(module).exports);
//   requestAnimationFrame(function frame() { sockets.tick(() => wasm.tick()); requestAnimationFrame(frame); });
//
// Whatever a socket hears waits until the module takes it, in order; nothing is called in the module but inside of
// tick(). A module whose game sleeps is ticked by what comes: see `onArrival`.

import { HANDOVER_BYTES, RECORD_HEADER_BYTES } from "./module.js";

const SUB_PROTOCOL = "tinyrealm.v2";
/** Of what the sockets have heard and no tick has taken. More than that, and a socket is closed. */
const BACKLOG_MAX_BYTES = 4 * 1024 * 1024;
/** What a message is counted as besides its bytes. */
const MESSAGE_BYTES = 64;
/** A close that no frame has announced. */
const ABNORMAL = 1006;

// What the module answers, and what it asks for.
export const [TAKEN, FULL, NOBODY] = [0, 1, 2];
const [OPEN, SEND, CLOSE, DROP] = [1, 2, 3, 4];

// Codes of RFC 6455, and ours for whoever was sent away: 4000 and the protocol's code.
export const NORMAL = 1000;
export const SENT_AWAY = 4000;
const UNSUPPORTED_DATA = 1003;
const TRY_AGAIN_LATER = 1013;

const utf8 = new TextEncoder();

/** A page may say 1000 and what is an application's; other codes are said as such. */
function sayable(code) {
  return code === NORMAL || code >= 3000 ? code : SENT_AWAY + code - NORMAL;
}

/** A server's address may say what it speaks; a page speaks it by WebSocket. */
export const asWebSocket = (url) => url.replace(/^tcp:/, "ws:").replace(/^tls:/, "wss:");
/** A page that came by TLS reaches every server so: browsers let it do nothing else. */
export const secureAsThePage = (url) => (globalThis.location?.protocol === "https:" ? url.replace(/^ws:/, "wss:") : url);

export class Sockets {
  #wasm;
  #memory;
  #options;
  /** WebSockets by the numbers that the module has given them. */
  #sockets = new Map();
  /** What they have told, in order, until the module takes it: `{ tell, body }`. */
  #backlog = [];
  #backlogBytes = 0;

  constructor(wasm, options = {}) {
    this.#wasm = wasm;
    this.#options = {
      WebSocket: globalThis.WebSocket, urlOf: secureAsThePage, subProtocol: SUB_PROTOCOL, onArrival: () => {}, ...options,
    };
    // The module's memory does not grow, so this stays valid.
    this.#memory = new Uint8Array(wasm.memory.buffer);
  }

  /** Hands over what has come, lets the module `act`, and does what it asks for; answers what `act` does. */
  tick(act) {
    this.#handOverBacklog();
    const answer = act();
    this.#doRequests();
    return answer;
  }

  /** Something has come that no tick has dealt with. */
  isWaiting() {
    return this.#backlog.length > 0 || this.#wasm.waiting() !== 0;
  }

  /** So many bytes of where the module reads what is handed over. */
  handover(bytes) {
    const place = this.#wasm.handover();
    return this.#memory.subarray(place, place + bytes);
  }

  /** Puts bytes where the module reads them; of too many, enough that it sees so. */
  handOver(bytes) {
    const part = bytes.subarray(0, HANDOVER_BYTES);
    this.#memory.set(part, this.#wasm.handover());
    return part.length;
  }

  /** The oldest record at `place`: `[kind][0][socket: u16][bytes: u16][body]`. */
  record(place) {
    const memory = this.#memory;
    const end = place + RECORD_HEADER_BYTES + (memory[place + 4] | (memory[place + 5] << 8));
    return {
      kind: memory[place],
      socket: memory[place + 2] | (memory[place + 3] << 8),
      body: memory.slice(place + RECORD_HEADER_BYTES, end),
    };
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

  /** As told by a socket, which is never inside of a tick. */
  #arrive(tell, body = null) {
    this.#note(tell, body);
    this.#options.onArrival();
  }

  /** An address; what is reached by TLS says so. */
  withScheme(address) {
    const url = this.#options.urlOf(asWebSocket(address.includes("://") ? address : `ws://${address}`));
    return url.startsWith("wss:") ? url : address;
  }

  #doRequests() {
    for (let place; (place = this.#wasm.request()) !== 0; ) {
      const { kind, socket, body } = this.record(place);
      this.#wasm.request_taken();
      if (kind === OPEN) this.#open(socket, new TextDecoder().decode(body));
      else if (kind === SEND) this.#sockets.get(socket)?.send(body);
      else if (kind === CLOSE) this.#sockets.get(socket)?.close(sayable(body[0] | (body[1] << 8)));
      else if (kind === DROP) this.#letGo(socket, NORMAL);
    }
  }

  #open(number, url) {
    const { WebSocket, urlOf, subProtocol } = this.#options;
    const wasm = this.#wasm;
    let socket;
    try {
      socket = new WebSocket(urlOf(asWebSocket(url)), subProtocol);
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
    return () => this.#wasm.closed(number, code, this.handOver(utf8.encode(reason)));
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
    this.#arrive(() => this.#wasm.heard(number, this.handOver(body)), body);
  }

  #letGo(number, code) {
    const socket = this.#sockets.get(number);
    this.#sockets.delete(number);
    socket?.close(sayable(code));
  }
}
