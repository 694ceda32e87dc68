// The types of tinyrealm.js. What depends on the protocol is in protocol.d.ts, which is generated.

import type {
  ClientToMain, ClientToWorld, EitherWay, LoginToClient, MainToClient, RoomLine, WorldToClient,
} from "./protocol.js";
import type { Link } from "./postcard.js";

export { AskFailed } from "./asks.js";
import type { LINKS, MAIN_STATES, WORLD_STATES } from "./module.js";

/** Where the links are, whenever that changes. */
export interface State {
  type: "State";
  main: (typeof MAIN_STATES)[number];
  world: (typeof WORLD_STATES)[number];
}

/** A link has ended, and is tried again. */
export interface Lost {
  type: "Lost";
  link: (typeof LINKS)[number];
  /** A name of `ErrorCode`. */
  reason: string;
}

/** A connection has ended, behind whatever came over it. What its server had to say is in `Lost`. */
export interface Disconnected {
  type: "Disconnected";
  /** Where it went to, before `urlOf`. */
  url: string;
  /** Of RFC 6455 or of a server's own, as the WebSocket has it: 1006 if it just broke. */
  code: number;
  reason: string;
}

/** It is over: told once, and last. */
export interface Closed {
  type: "Closed";
  /** 1000 if we wanted it, else 4000 and the protocol's code. */
  code: number;
  /** A name of `ErrorCode`. */
  reason: string;
  /** The game's own number and words for why it does not want us, to be shown; null if it has said nothing. */
  refusal: { code: number; text: string } | null;
}

/** A game's own messages, from the module that is made of them: `{ says: clientToGame, hears: gameToClient }`. */
export interface GameLinks<S extends { type: string }, H extends { type: string }> {
  says: Link<S>;
  hears: Link<H>;
  /** Which game that is: a world that plays another one does not let us in (`GAME_CHANGED`). */
  fingerprint?: number;
}

/** Behind a JoinOk that `is_returned`: we are who we were in our room, where we were; the room as it is follows. */
export interface Resumed {
  type: "Resumed";
  /** Events that the world had for us and did not give to the connection that was lost. */
  missed_events: number;
}

/** The game asks us something: `answer(ask, …)` it, or `refuse(ask, code)`. */
export interface Asked<H extends { type: string }> {
  type: "Asked";
  ask: number;
  question: H;
}

export type RealmEvent =
  | Resumed | State | Lost | Disconnected | Closed | MainToClient | WorldToClient | LoginToClient | EitherWay;

/** What a game says; the client says the rest by itself. */
export type Command = Exclude<
  ClientToMain | ClientToWorld,
  { type: "Hello" | "EnterWorldReq" | "Join" | "Leave" | "Input" | "AskGame" | "AnswerGame" }
>;

/** A room that somebody wants; without anything, one that nobody has named. */
export interface RoomWish {
  /** The room of this name, of up to 24 bytes, wherever it is; it is opened if it is not there. */
  name?: string;
  /** Any open room of this mode, or the mode of one that is opened. */
  mode?: string;
  /** What a private room asks for; a room that is opened with one is private. */
  secret?: string;
  /** What the room's game is told, of up to 128 bytes. */
  options?: Uint8Array;
  /** true: it is to be a new one, with a name that is made for it if none is given; false: it has to be there. */
  isNew?: boolean | null;
  /** Whether lists show a room that is opened. */
  isListed?: boolean;
  /** How many members a room that is opened takes; 0 for as many as there can be. */
  places?: number;
}

export interface Account {
  /** Where Login is, `host:port`. */
  login: string;
  id: string;
  password: string;
  /** `device` of a login before: with it, wrong guesses of others do not hold this one back. */
  device?: Uint8Array | null;
}

export interface Options<S extends { type: string } = never, H extends { type: string } = never> {
  /** Of load(). */
  module: WebAssembly.Module;
  /** Where Main is, `host:port`. */
  main: string;
  /** The region whose worlds it wants; empty for any. */
  region?: string;
  /** What the user wants to be called, of up to 24 bytes; empty for nothing. */
  nickname?: string;
  /** The room that it wants. */
  room?: RoomWish;
  /** What the game of the rooms says and hears besides. */
  game?: GameLinks<S, H> | null;
  /** For a realm with accounts; without one, a guest. */
  account?: Account | null;
  /** Of a visit before. */
  token?: Uint8Array | null;
  /** The browser's, unless Node has to be told. */
  WebSocket?: new (url: string, protocol: string) => object;
  /**
   * Where `ws://host:port` (or `wss:`) is as seen from here: a proxy, another name. Without, a page of `https:` goes to
   * `wss:`, and through Main to a world that says `ws:` or `tcp:` and seals its clients.
   */
  urlOf?: (url: string) => string;
  /** Fills bytes with random ones; `crypto.getRandomValues` unless told otherwise. */
  random?: (bytes: Uint8Array) => unknown;
  /**
   * Something has come, and waits for a tick: told with everything that comes, and behind a tick that
   * leaves something. For whoever ticks by events and not by time.
   */
  onArrival?: () => void;
  /**
   * The world plays another version of the game than the page was made for: told behind "Closed". Unless told
   * otherwise, the page is loaded anew, once for each version.
   */
  onGameChanged?: (fingerprint: number) => void;
}

export interface Realm<S extends { type: string } = never, H extends { type: string } = never> {
  readonly state: Pick<State, "main" | "world">;
  /** Who we are; 0 before Main has said so. */
  readonly uid: number;
  /** What makes us the same user the next time; null before there is one. */
  readonly token: Uint8Array | null;
  /** What a login has given to this device, to be kept for the next one; null before there was one. */
  readonly device: Uint8Array | null;
  readonly isClosed: boolean;
  /** The things of the room by their ids, each as the game's own message. */
  readonly things: ReadonlyMap<number, H>;
  /** What members show besides their places, by their numbers, each as the game's own message. */
  readonly memberStates: ReadonlyMap<number, H>;
  /** Whether those are all that there are: "StateComplete" has come. */
  readonly hasAllStates: boolean;
  /** Whether the connection of the member of this number is lost, and its seat held. */
  isAway(number: number): boolean;
  /** What a member of the room is called, we ourselves too; null for who has no name. */
  nameOf(number: number): string | null;
  /** Has `handler` called with each message of this type, inside of tick(). */
  on<T extends (RealmEvent | Asked<H> | H)["type"]>(
    type: T,
    handler: (message: Extract<RealmEvent | Asked<H> | H, { type: T }>) => void,
  ): this;
  /** Says something with the next tick. Throws for what does not fit its message. */
  send(message: Command | S): "sent" | "full" | "away";
  /**
   * Does something at a tick of ours, of up to 64 bytes; ticks rise, from 1, as long as we are in one room ("JoinOk"
   * begins anew). "InputAck" says how far the room has got. Throws as send().
   */
  sendInput(tick: number, input: S): "sent" | "full" | "away";
  /**
   * Goes into another room; what comes of it is told: "JoinOk", or an "Error" about EnterWorldReq. If that is
   * WRONG_SECRET or BAD_ROOM it is over ("Closed"): the same wish would be refused again.
   */
  enter(room?: RoomWish): void;
  /**
   * The rooms that are listed, of one mode or of all, 60 at most unless told otherwise. Rejected when Main is away.
   */
  listRooms(options?: { mode?: string; most?: number }): Promise<RoomLine[]>;
  /**
   * Asks the game of our room something, in its own messages. The answer, behind the tick that brings it; rejected with
   * an `AskFailed` if the game refuses, if there is none within `timeoutMs` (5,000), or with the room. Four at a time.
   */
  ask(question: S, timeoutMs?: number): Promise<H>;
  /** Answers what "Asked" has told. */
  answer(ask: number, answer: S): "sent" | "full" | "away";
  /** Refuses to answer what "Asked" has told, with a code of the game's own. */
  refuse(ask: number, code?: number): "sent" | "full" | "away";
  /**
   * Deals with what has come and with the time; answers how much that was. Once a frame. In a hidden tab,
   * and where nobody has called it for a second, what comes calls it.
   */
  tick(now?: number): number;
  /** Leaves in good order: "Closed" comes with a later tick, two seconds later at most. */
  close(): void;
}

/** What a number of `ErrorCode`, `JoinDenial` or `LoginDenial` is called. */
export function codeName(codes: Readonly<Record<string, number>>, number: number): string;

/** Compiles the module: `source` is its bytes, or where they are; without it, beside this file. */
export function load(source?: BufferSource | URL | string): Promise<WebAssembly.Module>;

/** A client of the realm; it begins to go to Main with the first tick. */
export function connect<S extends { type: string } = never, H extends { type: string } = never>(
  options: Options<S, H>,
): Realm<S, H>;
