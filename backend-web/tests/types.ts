// What a game in TypeScript writes: `cargo xtask web check` has the compiler read it.

import { codeName, connect, load } from "../tinyrealm.js";
import { ErrorCode, clientToWorld } from "../protocol.js";
import type { MemberState, Position } from "../protocol.js";

const module: WebAssembly.Module = await load();
const account = { login: "127.0.0.1:7200", id: "alice", password: "correct horse" };
const realm = connect({ module, main: "127.0.0.1:7000", region: "", account });

let places = new Map<number, Position>();
const meet = ({ uid, pos }: MemberState) => places.set(uid, pos);

realm
  .on("RoomSnapshot", ({ members }) => members.forEach(meet))
  .on("MoveBroadcast", ({ member }) => meet(member))
  .on("ChatBroadcast", ({ channel, uid, msg }) => console.log(`${channel} ${uid}: ${msg.length}`))
  .on("Error", ({ code }) => console.log(codeName(ErrorCode, code)))
  .on("State", ({ main, world }) => console.log(main === "ready" && world === "inside"))
  .on("Closed", ({ code, reason }) => console.log(code + 1, reason.length));

const answer: "sent" | "full" | "away" = realm.send({ type: "Move", pos: { x: 1, y: 2, z: 0 }, dir: 0 });
realm.send({ type: "ChatSay", request: 1, channel: "lobby", msg: "hello" });
const count: number = realm.tick();
const body: Uint8Array = clientToWorld.encode({ type: "Leave" });
realm.close();
export { answer, body, count };

// @ts-expect-error: there is no such message.
realm.on("NoSuchMessage", () => {});
// @ts-expect-error: a move has a direction.
realm.send({ type: "Move", pos: { x: 1, y: 2, z: 0 } });
// @ts-expect-error: the client says hello by itself.
realm.send({ type: "Hello", client_version: 1, token: null });
// @ts-expect-error: a position has no altitude.
realm.on("MoveBroadcast", ({ member }) => member.pos.altitude);
// @ts-expect-error: Main has no such state.
realm.on("State", ({ main }) => main === "asleep");
