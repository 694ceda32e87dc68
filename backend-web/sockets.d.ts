// The types of sockets.js.

/** What a wasm module of `tinyrealm_web_client::exports!` has, beside what is its author's. */
export interface SocketExports {
  readonly memory: WebAssembly.Memory;
  handover(): number;
  opened(socket: number): number;
  heard(socket: number, bytes: number): number;
  closed(socket: number, code: number, bytes: number): number;
  waiting(): number;
  request(): number;
  request_taken(): void;
}

export interface SocketOptions {
  /** The browser's, unless Node has to be told. */
  WebSocket?: new (url: string, protocol: string) => object;
  /** Where `ws://host:port` (or `wss:`) is as seen from here: a proxy, another name. Without, a page of `https:` goes to `wss:`. */
  urlOf?: (url: string) => string;
  /** What is offered to the server; Tinyrealm's unless told otherwise. */
  subProtocol?: string;
  /** Something has come, and waits for a tick. */
  onArrival?: () => void;
}

/** What a module answers to what it is handed: taken; later; nobody is there for it. */
export const TAKEN: 0;
export const FULL: 1;
export const NOBODY: 2;
/** Codes of RFC 6455, and ours for whoever was sent away: 4000 and the protocol's code. */
export const NORMAL: 1000;
export const SENT_AWAY: 4000;

/** A server's address may say what it speaks; a page speaks it by WebSocket. */
export function asWebSocket(url: string): string;
/** A page that came by TLS reaches every server so. */
export function secureAsThePage(url: string): string;

/** One oldest record of a queue of the module's. */
export interface QueueRecord {
  kind: number;
  socket: number;
  body: Uint8Array;
}

/** The WebSockets of one instance of a module. */
export class Sockets {
  constructor(wasm: SocketExports, options?: SocketOptions);
  /** Hands over what has come, lets the module `act`, and does what it asks for; answers what `act` does. */
  tick<T>(act: () => T): T;
  /** Something has come that no tick has dealt with. */
  isWaiting(): boolean;
  /** An address; behind `wss://` if it is reached by TLS. */
  withScheme(address: string): string;
  /** So many bytes of where the module reads what is handed over. */
  handover(bytes: number): Uint8Array;
  /** Puts bytes where the module reads them, and answers how many. */
  handOver(bytes: Uint8Array): number;
  /** The record at `place`, copied. */
  record(place: number): QueueRecord;
}
