// What a game in TypeScript writes: `cargo xtask web check` has the compiler read it.

import { AskFailed, codeName, connect, load } from "../tinyrealm.js";
import { ErrorCode, clientToWorld } from "../protocol.js";
import type { MemberState, Position } from "../protocol.js";
import { Malformed, array, bool, f32, i64, link, list, option, record, text, tuple, u16, u8, variants } from "../postcard.js";

const module: WebAssembly.Module = await load();
const account = { login: "127.0.0.1:7200", id: "alice", password: "correct horse", device: new Uint8Array(32) };
const realm = connect({ module, main: "127.0.0.1:7000", region: "", account });

let places = new Map<number, Position>();
const meet = ({ number, pos }: MemberState) => places.set(number, pos);

realm
  .on("RoomSnapshot", ({ members }) => members.forEach(meet))
  .on("UserEntered", ({ member }) => meet(member))
  .on("MoveBroadcast", ({ number, pos }) => places.set(number, pos))
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

// A game's own messages.
const gear = variants({ Neutral: null, Forward: record({ speed: u16 }) });
const toGame = link({
  Steer: [100, { angle: f32, gear, is_braking: bool }],
  Paint: [101, { name: option(text(8)), colours: list(4, tuple(u8, u8, u8)), seal: array(4), ticket: i64 }],
});
const steer: Uint8Array = toGame.encode({ type: "Steer", angle: 0.5, gear: { Forward: { speed: 3 } }, is_braking: false });
toGame.encode({ type: "Steer", angle: 1, gear: "Neutral", is_braking: true });
toGame.encode({ type: "Paint", name: null, colours: [[1, 2, 3]], seal: new Uint8Array(4), ticket: 7 });
try {
  const heard = toGame.decode(steer);
  if (heard?.type === "Steer" && heard.gear !== "Neutral") console.log(heard.gear.Forward.speed + heard.angle);
  if (heard?.type === "Paint") console.log(heard.ticket + 1n, heard.name?.length, heard.colours[0]?.[2].toFixed());
} catch (error) {
  if (error instanceof Malformed) console.log(error.message);
}
realm.on("Disconnected", ({ url, code, reason }) => console.log(url.length, code + 1, reason.length));

// What a game does at its ticks.
const hears = link({ Door: [200, { is_open: bool }] });
const racer = connect({ module, main: "127.0.0.1:7000", game: { says: toGame, hears } });
const said: "sent" | "full" | "away" = racer.sendInput(1, { type: "Steer", angle: 1, gear: "Neutral", is_braking: true });
racer.on("InputAck", ({ tick, pos }) => console.log(said, tick + pos.x));
// @ts-expect-error: the game has no such message.
racer.sendInput(1, { type: "Jump" });
// @ts-expect-error: it is said by sendInput.
racer.send({ type: "Input", tick: 1, kind: 0, data: new Uint8Array() });
// @ts-expect-error: a realm without a game has no inputs.
realm.sendInput(1, { type: "Steer", angle: 1, gear: "Neutral", is_braking: true });

// Questions with an answer.
const paints = link({ Painted: [101, { coats: u8 }] });
const painter = connect({ module, main: "127.0.0.1:7000", game: { says: toGame, hears: paints } });
painter.on("Asked", ({ ask, question }) => {
  if (question.type === "Painted") painter.answer(ask, { type: "Steer", angle: 1, gear: "Neutral", is_braking: true });
  painter.refuse(ask, 7);
});
try {
  const painted = await painter.ask({ type: "Steer", angle: 1, gear: "Neutral", is_braking: true }, 1_000);
  console.log(painted.coats + 1);
} catch (error) {
  if (error instanceof AskFailed) console.log(error.reason.length + error.code);
}
// @ts-expect-error: the game does not hear that.
painter.ask({ type: "Painted", coats: 1 });

// @ts-expect-error: a gear has a speed.
toGame.encode({ type: "Steer", angle: 1, gear: { Forward: {} }, is_braking: true });
// @ts-expect-error: there is no such gear.
toGame.encode({ type: "Steer", angle: 1, gear: "Reverse", is_braking: true });
// @ts-expect-error: bytes are no text.
toGame.encode({ type: "Paint", name: null, colours: [], seal: "abcd", ticket: 7n });
// @ts-expect-error: three of a kind are no two.
toGame.encode({ type: "Paint", name: null, colours: [[1, 2]], seal: new Uint8Array(4), ticket: 7n });

// @ts-expect-error: there is no such message.
realm.on("NoSuchMessage", () => {});
// @ts-expect-error: a move has a direction.
realm.send({ type: "Move", pos: { x: 1, y: 2, z: 0 } });
// @ts-expect-error: the client says hello by itself.
realm.send({ type: "Hello", versions: { from: 2, to: 2 }, token: null });
// @ts-expect-error: a position has no altitude.
realm.on("UserEntered", ({ member }) => member.pos.altitude);
// @ts-expect-error: Main has no such state.
realm.on("State", ({ main }) => main === "asleep");

realm.enter({ name: "den", secret: "sesame", isNew: true });
realm.listRooms({ mode: "duel" }).then((rooms) => rooms.map(({ name, is_private }) => is_private && name.length));
// @ts-expect-error: a room has no colour.
realm.enter({ name: "den", colour: "red" });
