// Generated from core/src/protocol by `cargo xtask web`; a test finds what is stale.

import type { Link } from "./postcard.js";

export const VERSIONS: Readonly<Versions>;
export const REGION_MAX_BYTES: number;
export const ADDRESS_MAX_BYTES: number;
export const ACCOUNT_MAX_BYTES: number;
export const NICKNAME_MAX_BYTES: number;
export const CHANNEL_MAX_BYTES: number;
export const CHAT_MAX_BYTES: number;
export const CHAT_PAGE_MEMBERS: number;
export const EVENT_MAX_BYTES: number;
export const THING_MAX_BYTES: number;
export const SNAPSHOT_PAGE_MEMBERS: number;

export const ErrorCode: {
  readonly BAD_FRAME: number;
  readonly MALFORMED: number;
  readonly OUT_OF_PLACE: number;
  readonly TOO_FAST: number;
  readonly GREETING_TIMEOUT: number;
  readonly SILENT: number;
  readonly SHUTTING_DOWN: number;
  readonly REPLACED: number;
  readonly TOO_SLOW: number;
  readonly BAD_VERSION: number;
  readonly BAD_TOKEN: number;
  readonly FULL: number;
  readonly NO_WORLD: number;
  readonly WORLD_TIMEOUT: number;
  readonly WORLD_LOST: number;
  readonly NOT_YOURS: number;
  readonly CHAT_UNAVAILABLE: number;
  readonly DETACHED: number;
  readonly REMOVED: number;
  readonly GOODBYE: number;
  readonly BUSY: number;
  readonly BAD_PROOF: number;
  readonly LOGIN_UNAVAILABLE: number;
  readonly LOGIN_NEEDED: number;
  readonly REVOKED: number;
  readonly BANNED: number;
  readonly LOST: number;
  readonly UNRESOLVED: number;
  readonly NOT_IN_CHANNEL: number;
  readonly ALREADY_IN_CHANNEL: number;
  readonly TOO_MANY_CHANNELS: number;
  readonly CHANNEL_FULL: number;
  readonly CHANNELS_FULL: number;
  readonly BAD_CHANNEL: number;
  readonly MESSAGE_TOO_LONG: number;
  readonly CHAT_TOO_FAST: number;
  readonly CHAT_INTERRUPTED: number;
  readonly PAGE_LOST: number;
  readonly UNREACHABLE: number;
  readonly NOT_UNDERSTOOD: number;
  readonly BAD_NUMBER: number;
  readonly ROOM_CLOSED: number;
  readonly NO_ROOM: number;
  readonly ROOM_EXISTS: number;
  readonly ROOM_LOCKED: number;
  readonly WRONG_SECRET: number;
  readonly BAD_ROOM: number;
  readonly BAD_NAME: number;
  readonly SPECTATING: number;
  readonly GAME_CHANGED: number;
  readonly REFUSED: number;
  readonly TIMED_OUT: number;
  readonly TLS_NEEDED: number;
  readonly BROKEN_SEAL: number;
  readonly NOT_SEALED: number;
  readonly NO_ACCOUNTS: number;
  readonly DIRECTORY_UNAVAILABLE: number;
  readonly STALE_CLAIM: number;
  readonly MOVED: number;
  readonly STALE_ROOM: number;
};

export const JoinDenial: {
  readonly NOT_ATTACHED: number;
  readonly WRONG_KEY: number;
  readonly KEY_EXPIRED: number;
  readonly KEY_USED: number;
  readonly FULL: number;
  readonly REFUSED: number;
  readonly BANNED: number;
  readonly GAME_CHANGED: number;
};

export const LoginDenial: {
  readonly WRONG: number;
  readonly LOCKED: number;
  readonly TOO_MANY: number;
  readonly BUSY: number;
  readonly DISABLED: number;
  readonly UNAVAILABLE: number;
  readonly BANNED: number;
};

export const WishKind: {
  readonly ANY: number;
  readonly NAMED: number;
  readonly CREATE: number;
  readonly NAMED_OR_NEW: number;
};

/** A place in a room, in thousandths of the game's unit of length. */
export interface Position {
  x: number;
  y: number;
  z: number;
}

/** The versions of the protocol that somebody speaks. */
export interface Versions {
  from: number;
  to: number;
}

/** A member of a room: what it is called there, who and where it is; a full turn of `dir` is 65536, 0 is east, counter-clockwise. */
export interface MemberState {
  number: number;
  uid: number;
  pos: Position;
  dir: number;
}

export interface Wish {
  kind: number;
  name: string;
  mode: string;
  secret: string;
  options: Uint8Array;
  is_listed: boolean;
  places: number;
}

export interface RoomLine {
  name: string;
  mode: string;
  members: number;
  capacity: number;
  is_locked: boolean;
  is_private: boolean;
  properties: Uint8Array;
}

export interface Error {
  type: "Error";
  code: number;
  about: number;
}

export interface Ping {
  type: "Ping";
  nonce: number;
}

export interface Pong {
  type: "Pong";
  nonce: number;
}

export interface Bye {
  type: "Bye";
  reason: number;
}

export interface VersionRefused {
  type: "VersionRefused";
  versions: Versions;
}

export type EitherWay = Error | Ping | Pong | Bye | VersionRefused;
export const eitherWay: Link<EitherWay>;

export interface Hello {
  type: "Hello";
  versions: Versions;
  token: Uint8Array | null;
  nickname: string;
}

export interface EnterWorldReq {
  type: "EnterWorldReq";
  region: string;
  wish: Wish;
}

export interface ChatJoin {
  type: "ChatJoin";
  channel: string;
}

export interface ChatLeave {
  type: "ChatLeave";
  channel: string;
}

export interface ChatSay {
  type: "ChatSay";
  request: number;
  channel: string;
  msg: string;
}

export interface ChatHistory {
  type: "ChatHistory";
  channel: string;
  since: number;
}

export interface ChatWho {
  type: "ChatWho";
  channel: string;
  after: number;
}

export interface ListRoomsReq {
  type: "ListRoomsReq";
  region: string;
  mode: string;
  after: number;
}

export type ClientToMain = Hello | EnterWorldReq | ChatJoin | ChatLeave | ChatSay | ChatHistory | ChatWho | ListRoomsReq;
export const clientToMain: Link<ClientToMain>;

export interface Welcome {
  type: "Welcome";
  version: number;
  uid: number;
  token: Uint8Array;
}

export interface EnterWorldAck {
  type: "EnterWorldAck";
  world_addr: string;
  is_sealing: boolean;
  handshake_key: Uint8Array;
  key_id: Uint8Array;
}

export interface ChatBroadcast {
  type: "ChatBroadcast";
  channel: string;
  seq: number;
  uid: number;
  request: number;
  msg: string;
}

export interface ChatJoined {
  type: "ChatJoined";
  channel: string;
  members: number;
  oldest: number;
  next_seq: number;
}

export interface ChatLeft {
  type: "ChatLeft";
  channel: string;
  reason: number;
}

export interface ChatRefused {
  type: "ChatRefused";
  channel: string;
  about: number;
  request: number;
  reason: number;
}

export interface ChatPast {
  type: "ChatPast";
  channel: string;
  seq: number;
  uid: number;
  msg: string;
}

export interface ChatPastEnd {
  type: "ChatPastEnd";
  channel: string;
  oldest: number;
  next_seq: number;
  end_seq: number;
}

export interface ChatGap {
  type: "ChatGap";
  channel: string;
  missed: number;
  next_seq: number;
}

export interface ChatEntered {
  type: "ChatEntered";
  channel: string;
  uid: number;
}

export interface ChatExited {
  type: "ChatExited";
  channel: string;
  uid: number;
}

export interface ChatCensus {
  type: "ChatCensus";
  channel: string;
  members: number;
}

export interface ChatMembers {
  type: "ChatMembers";
  channel: string;
  uids: number[];
  next_after: number;
}

export interface RoomPage {
  type: "RoomPage";
  rooms: RoomLine[];
  next_after: number;
}

export interface Moved {
  type: "Moved";
  world_addr: string;
  is_sealing: boolean;
  handshake_key: Uint8Array;
  key_id: Uint8Array;
}

export interface MainAddress {
  type: "MainAddress";
  index: number;
  count: number;
  is_here: boolean;
  addr: string;
}

export interface Announced {
  type: "Announced";
  text: string;
}

export type MainToClient = Welcome | EnterWorldAck | ChatBroadcast | ChatJoined | ChatLeft | ChatRefused | ChatPast | ChatPastEnd | ChatGap | ChatEntered | ChatExited | ChatCensus | ChatMembers | RoomPage | Moved | MainAddress | Announced;
export const mainToClient: Link<MainToClient>;

export interface Join {
  type: "Join";
  versions: Versions;
  uid: number;
  handshake_key: Uint8Array | null;
  fingerprint: number;
}

export interface Move {
  type: "Move";
  pos: Position;
  dir: number;
}

export interface Event {
  type: "Event";
  request: number;
  kind: number;
  data: Uint8Array;
}

export interface Leave {
  type: "Leave";
}

export interface Input {
  type: "Input";
  tick: number;
  kind: number;
  data: Uint8Array;
}

export interface AskGame {
  type: "AskGame";
  number: number;
  timeout_ms: number;
  kind: number;
  data: Uint8Array;
}

export interface AnswerGame {
  type: "AnswerGame";
  number: number;
  reason: number;
  code: number;
  kind: number;
  data: Uint8Array;
}

export type ClientToWorld = Join | Move | Event | Leave | Input | AskGame | AnswerGame;
export const clientToWorld: Link<ClientToWorld>;

export interface JoinOk {
  type: "JoinOk";
  version: number;
  room_id: number;
  number: number;
  spawn_pos: Position;
  members: number;
  spawn_dir: number;
  is_returned: boolean;
}

export interface JoinDenied {
  type: "JoinDenied";
  reason: number;
  code: number;
  text: string;
}

export interface UserEntered {
  type: "UserEntered";
  member: MemberState;
}

export interface UserLeft {
  type: "UserLeft";
  number: number;
}

export interface MoveBroadcast {
  type: "MoveBroadcast";
  number: number;
  pos: Position;
  dir: number;
}

export interface EventBroadcast {
  type: "EventBroadcast";
  number: number;
  request: number;
  kind: number;
  data: Uint8Array;
}

export interface RoomSnapshot {
  type: "RoomSnapshot";
  pages_left: number;
  members_left: number;
  missed_events: number;
  members: MemberState[];
}

export interface EventRefused {
  type: "EventRefused";
  request: number;
  reason: number;
}

export interface MemberName {
  type: "MemberName";
  number: number;
  name: string;
}

export interface UserAway {
  type: "UserAway";
  number: number;
}

export interface UserBack {
  type: "UserBack";
  number: number;
}

export interface ThingPut {
  type: "ThingPut";
  id: number;
  kind: number;
  data: Uint8Array;
}

export interface ThingRemoved {
  type: "ThingRemoved";
  id: number;
}

export interface MemberExtra {
  type: "MemberExtra";
  number: number;
  kind: number;
  data: Uint8Array;
}

export interface StateComplete {
  type: "StateComplete";
}

export interface InputAck {
  type: "InputAck";
  tick: number;
  pos: Position;
  dir: number;
}

export interface GameAnswers {
  type: "GameAnswers";
  number: number;
  reason: number;
  code: number;
  kind: number;
  data: Uint8Array;
}

export interface GameAsks {
  type: "GameAsks";
  number: number;
  kind: number;
  data: Uint8Array;
}

export type WorldToClient = JoinOk | JoinDenied | UserEntered | UserLeft | MoveBroadcast | EventBroadcast | RoomSnapshot | EventRefused | MemberName | UserAway | UserBack | ThingPut | ThingRemoved | MemberExtra | StateComplete | InputAck | GameAnswers | GameAsks;
export const worldToClient: Link<WorldToClient>;

export interface LoginReq {
  type: "LoginReq";
  versions: Versions;
  id: string;
  pw: string;
  device: Uint8Array | null;
}

export type ClientToLogin = LoginReq;
export const clientToLogin: Link<ClientToLogin>;

export interface LoginAck {
  type: "LoginAck";
  version: number;
  uid: number;
  token: Uint8Array;
  ttl_s: number;
  device: Uint8Array;
}

export interface LoginDenied {
  type: "LoginDenied";
  reason: number;
  retry_after_ms: number;
}

export type LoginToClient = LoginAck | LoginDenied;
export const loginToClient: Link<LoginToClient>;
