// Generated from core/src/protocol by `cargo xtask web`; a test finds what is stale.

import { array, bool, bytes, f32, i16, i32, link, list, option, record, text, u16, u32, u53, u8 } from "./postcard.js";

export const FINGERPRINT = 3725531176;
export const HANDOVER_BYTES = 1401;
export const ENTROPY_BYTES = 64;
export const RECORD_HEADER_BYTES = 6;
export const MAIN_STATES = Object.freeze(["waiting", "connecting to login", "logging in", "connecting", "greeting", "ready", "stopped"]);
export const WORLD_STATES = Object.freeze(["outside", "asking", "connecting", "joining", "inside"]);
export const LINKS = Object.freeze(["main", "world", "login"]);

export const toModule = link({
  Start: [0x7000, { main_address: text(64), region: text(16), nickname: text(24), login_address: text(64), id: text(32), pw: text(128), token: option(array(32)), device: option(array(32)), fingerprint: u32 }],
});

export const fromModule = link({
  State: [0x7100, { main: u16, world: u16 }],
  Lost: [0x7101, { link: u16, reason: u16 }],
  Closed: [0x7102, { reason: u16 }],
  Disconnected: [0x7103, { url: text(69), code: u16, reason: text(123) }],
});
