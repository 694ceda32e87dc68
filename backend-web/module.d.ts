// Generated from core/src/protocol by `cargo xtask web`; a test finds what is stale.

import type { Link } from "./postcard.js";

export const FINGERPRINT: number;
export const HANDOVER_BYTES: number;
export const ENTROPY_BYTES: number;
export const RECORD_HEADER_BYTES: number;
export const MAIN_STATES: readonly ["waiting", "connecting to login", "logging in", "connecting", "greeting", "ready", "stopped"];
export const WORLD_STATES: readonly ["outside", "asking", "connecting", "joining", "inside"];
export const LINKS: readonly ["main", "world", "login"];

export interface Start {
  type: "Start";
  main_address: string;
  region: string;
  nickname: string;
  login_address: string;
  id: string;
  pw: string;
  token: Uint8Array | null;
  device: Uint8Array | null;
  fingerprint: number;
}

export type ToModule = Start;
export const toModule: Link<ToModule>;

export interface State {
  type: "State";
  main: number;
  world: number;
}

export interface Lost {
  type: "Lost";
  link: number;
  reason: number;
}

export interface Closed {
  type: "Closed";
  reason: number;
}

export interface Disconnected {
  type: "Disconnected";
  url: string;
  code: number;
  reason: string;
}

export type FromModule = State | Lost | Closed | Disconnected;
export const fromModule: Link<FromModule>;
