// Generated from core/src/protocol by `cargo xtask web`; a test finds what is stale.

import { array, bool, bytes, f32, i16, i32, link, list, option, record, text, u16, u32, u53, u8 } from "./postcard.js";

export const VERSIONS = Object.freeze({ from: 2, to: 2 });
export const REGION_MAX_BYTES = 16;
export const ADDRESS_MAX_BYTES = 64;
export const ACCOUNT_MAX_BYTES = 32;
export const NICKNAME_MAX_BYTES = 24;
export const CHANNEL_MAX_BYTES = 24;
export const CHAT_MAX_BYTES = 256;
export const CHAT_PAGE_MEMBERS = 32;
export const EVENT_MAX_BYTES = 256;
export const THING_MAX_BYTES = 128;
export const SNAPSHOT_PAGE_MEMBERS = 16;

export const ErrorCode = Object.freeze({
  BAD_FRAME: 1,
  MALFORMED: 2,
  OUT_OF_PLACE: 3,
  TOO_FAST: 4,
  GREETING_TIMEOUT: 5,
  SILENT: 6,
  SHUTTING_DOWN: 7,
  REPLACED: 8,
  TOO_SLOW: 9,
  BAD_VERSION: 10,
  BAD_TOKEN: 11,
  FULL: 12,
  NO_WORLD: 13,
  WORLD_TIMEOUT: 14,
  WORLD_LOST: 15,
  NOT_YOURS: 16,
  CHAT_UNAVAILABLE: 17,
  DETACHED: 18,
  REMOVED: 19,
  GOODBYE: 20,
  BUSY: 21,
  BAD_PROOF: 22,
  LOGIN_UNAVAILABLE: 23,
  LOGIN_NEEDED: 24,
  REVOKED: 26,
  BANNED: 27,
  LOST: 28,
  UNRESOLVED: 29,
  NOT_IN_CHANNEL: 30,
  ALREADY_IN_CHANNEL: 31,
  TOO_MANY_CHANNELS: 32,
  CHANNEL_FULL: 33,
  CHANNELS_FULL: 34,
  BAD_CHANNEL: 35,
  MESSAGE_TOO_LONG: 36,
  CHAT_TOO_FAST: 37,
  CHAT_INTERRUPTED: 38,
  PAGE_LOST: 40,
  UNREACHABLE: 41,
  NOT_UNDERSTOOD: 42,
  BAD_NUMBER: 43,
  ROOM_CLOSED: 49,
  NO_ROOM: 50,
  ROOM_EXISTS: 51,
  ROOM_LOCKED: 52,
  WRONG_SECRET: 53,
  BAD_ROOM: 54,
  BAD_NAME: 55,
  SPECTATING: 56,
  GAME_CHANGED: 62,
  REFUSED: 70,
  TIMED_OUT: 71,
  TLS_NEEDED: 72,
  BROKEN_SEAL: 73,
  NOT_SEALED: 74,
  NO_ACCOUNTS: 75,
  DIRECTORY_UNAVAILABLE: 76,
  STALE_CLAIM: 77,
  MOVED: 78,
  STALE_ROOM: 79,
});

export const JoinDenial = Object.freeze({
  NOT_ATTACHED: 1,
  WRONG_KEY: 2,
  KEY_EXPIRED: 3,
  KEY_USED: 4,
  FULL: 5,
  REFUSED: 6,
  BANNED: 7,
  GAME_CHANGED: 62,
});

export const LoginDenial = Object.freeze({
  WRONG: 1,
  LOCKED: 2,
  TOO_MANY: 3,
  BUSY: 4,
  DISABLED: 5,
  UNAVAILABLE: 6,
  BANNED: 7,
});

export const WishKind = Object.freeze({
  ANY: 0,
  NAMED: 1,
  CREATE: 2,
  NAMED_OR_NEW: 3,
});

const position = record({ x: i32, y: i32, z: i32 });
const member = record({ number: u16, uid: u53, pos: position, dir: u16 });
const versions = record({ from: u16, to: u16 });
const wish = record({ kind: u16, name: text(24), mode: text(16), secret: text(24), options: bytes(128), is_listed: bool, places: u16 });
const room = record({ name: text(24), mode: text(16), members: u16, capacity: u16, is_locked: bool, is_private: bool, properties: bytes(64) });

export const eitherWay = link({
  Error: [0x0001, { code: u16, about: i32 }],
  Ping: [0x0002, { nonce: u32 }],
  Pong: [0x0003, { nonce: u32 }],
  Bye: [0x0004, { reason: u16 }],
  VersionRefused: [0x0005, { versions: versions }],
});

export const clientToMain = link({
  Hello: [0x1001, { versions: versions, token: option(array(32)), nickname: text(24) }],
  EnterWorldReq: [0x1002, { region: text(16), wish: wish }],
  ChatJoin: [0x1003, { channel: text(24) }],
  ChatLeave: [0x1004, { channel: text(24) }],
  ChatSay: [0x1005, { request: u32, channel: text(24), msg: text(256) }],
  ChatHistory: [0x1006, { channel: text(24), since: u53 }],
  ChatWho: [0x1007, { channel: text(24), after: u53 }],
  ListRoomsReq: [0x1008, { region: text(16), mode: text(16), after: u16 }],
});

export const mainToClient = link({
  Welcome: [0x1101, { version: u16, uid: u53, token: array(32) }],
  EnterWorldAck: [0x1102, { world_addr: text(64), is_sealing: bool, handshake_key: array(32), key_id: array(8) }],
  ChatBroadcast: [0x1103, { channel: text(24), seq: u53, uid: u53, request: u32, msg: text(256) }],
  ChatJoined: [0x1104, { channel: text(24), members: u16, oldest: u53, next_seq: u53 }],
  ChatLeft: [0x1105, { channel: text(24), reason: u16 }],
  ChatRefused: [0x1106, { channel: text(24), about: i32, request: u32, reason: u16 }],
  ChatPast: [0x1107, { channel: text(24), seq: u53, uid: u53, msg: text(256) }],
  ChatPastEnd: [0x1108, { channel: text(24), oldest: u53, next_seq: u53, end_seq: u53 }],
  ChatGap: [0x1109, { channel: text(24), missed: u32, next_seq: u53 }],
  ChatEntered: [0x110a, { channel: text(24), uid: u53 }],
  ChatExited: [0x110b, { channel: text(24), uid: u53 }],
  ChatCensus: [0x110c, { channel: text(24), members: u16 }],
  ChatMembers: [0x110d, { channel: text(24), uids: list(32, u53), next_after: u53 }],
  RoomPage: [0x110e, { rooms: list(3, room), next_after: u16 }],
  Moved: [0x110f, { world_addr: text(64), is_sealing: bool, handshake_key: array(32), key_id: array(8) }],
  MainAddress: [0x1110, { index: u16, count: u16, is_here: bool, addr: text(64) }],
  Announced: [0x1111, { text: text(256) }],
});

export const clientToWorld = link({
  Join: [0x2001, { versions: versions, uid: u53, handshake_key: option(array(32)), fingerprint: u32 }],
  Move: [0x2002, { pos: position, dir: u16 }],
  Event: [0x2003, { request: u32, kind: u16, data: bytes(256) }],
  Leave: [0x2004, {}],
  Input: [0x2005, { tick: u32, kind: u8, data: bytes(64) }],
  AskGame: [0x2006, { number: u32, timeout_ms: u32, kind: u8, data: bytes(256) }],
  AnswerGame: [0x2007, { number: u32, reason: u16, code: u16, kind: u8, data: bytes(256) }],
});

export const worldToClient = link({
  JoinOk: [0x2101, { version: u16, room_id: u16, number: u16, spawn_pos: position, members: u16, spawn_dir: u16, is_returned: bool }],
  JoinDenied: [0x2102, { reason: u16, code: u16, text: text(64) }],
  UserEntered: [0x2103, { member: member }],
  UserLeft: [0x2104, { number: u16 }],
  MoveBroadcast: [0x2105, { number: u16, pos: position, dir: u16 }],
  EventBroadcast: [0x2106, { number: u16, request: u32, kind: u16, data: bytes(256) }],
  RoomSnapshot: [0x2107, { pages_left: u16, members_left: u16, missed_events: u32, members: list(16, member) }],
  EventRefused: [0x2108, { request: u32, reason: u16 }],
  MemberName: [0x210a, { number: u16, name: text(32) }],
  UserAway: [0x210b, { number: u16 }],
  UserBack: [0x210c, { number: u16 }],
  ThingPut: [0x210d, { id: u16, kind: u8, data: bytes(128) }],
  ThingRemoved: [0x210e, { id: u16 }],
  MemberExtra: [0x210f, { number: u16, kind: u8, data: bytes(128) }],
  StateComplete: [0x2110, {}],
  InputAck: [0x2111, { tick: u32, pos: position, dir: u16 }],
  GameAnswers: [0x2112, { number: u32, reason: u16, code: u16, kind: u8, data: bytes(256) }],
  GameAsks: [0x2113, { number: u32, kind: u8, data: bytes(256) }],
});

export const clientToLogin = link({
  LoginReq: [0x3001, { versions: versions, id: text(32), pw: text(128), device: option(array(32)) }],
});

export const loginToClient = link({
  LoginAck: [0x3101, { version: u16, uid: u53, token: array(32), ttl_s: u32, device: array(32) }],
  LoginDenied: [0x3102, { reason: u16, retry_after_ms: u32 }],
});
