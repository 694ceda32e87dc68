// Coin rush in a browser: where members are is kept, what the room shows is looked up, and all is drawn once a frame.

import { codeName, connect, load } from "./tinyrealm.js";
import { ErrorCode } from "./protocol.js";
import { game } from "./coin-rush.js";

/** As in the game's rules, in thousandths of a unit. */
const FIELD = 20_000;
const SPEED = 11_000;
/** How often we say where we are. */
const SAY_MS = 50;
const TOKEN = "coin-rush.token";
const NAME = "coin-rush.name";
const ROOM = "coin-rush.room";
/** How often the list of rooms is asked for. */
const LIST_MS = 3_000;
/** Why one is not in the room that one wanted. */
const REFUSALS = {
  WRONG_SECRET: "That is not this room's password.",
  FULL: "There is no place there, or for one more room.",
  ROOM_LOCKED: "This room takes nobody more for now.",
  BAD_ROOM: "A room can't be called so: up to 24 letters that one can see.",
  BUSY: "That room was there a moment ago: try again.",
};
const KEYS = {
  ArrowUp: [0, 1], ArrowDown: [0, -1], ArrowLeft: [-1, 0], ArrowRight: [1, 0],
  KeyW: [0, 1], KeyS: [0, -1], KeyA: [-1, 0], KeyD: [1, 0],
};

const canvas = document.querySelector("#field");
const painter = canvas.getContext("2d");
const element = (name) => document.querySelector(`#${name}`);

const world = {
  me: 0,
  /** By member number: where somebody is. */
  members: new Map(),
};
const held = new Set();
let finger = null;
let spoken = 0;
let isUnsaid = false;

const kept = sessionStorage.getItem(TOKEN);
const token = kept ? Uint8Array.from(JSON.parse(kept)) : null;
const nickname = localStorage.getItem(NAME) ?? "";
const room = JSON.parse(sessionStorage.getItem(ROOM)) ?? asked();
const realm = connect({ module: await load(), ...(await whereTheRealmIs()), nickname, token, game, room });

/** A link may name a room: `?room=den`. */
function asked() {
  const name = new URLSearchParams(location.search).get("room");
  return name ? { name } : null;
}

async function whereTheRealmIs() {
  const { main, login, region: own } = await (await fetch("realm")).json();
  const region = new URLSearchParams(location.search).get("region") ?? own;
  if (login === null || token !== null) return { main, region };
  const made = await fetch("visitor", { method: "POST" });
  if (!made.ok) element("state").textContent = await made.text();
  return { main, region, account: { login, ...(await made.json()) } };
}

/** The things of the room: the round, and where the coins lie. */
const round = () => [...realm.things.values()].find(({ type }) => type === "Round");
const coins = () => [...realm.things.values()].filter(({ type }) => type === "Coin").map(({ pos }) => pos);
const points = (number) => realm.memberStates.get(number)?.points ?? 0;

const meet = ({ number, pos }) => world.members.set(number, { ...pos });

realm
  .on("Welcome", () => sessionStorage.setItem(TOKEN, JSON.stringify([...realm.token])))
  .on("JoinOk", ({ number, spawn_pos }) => {
    world.me = number;
    world.members.clear();
    element("refused").textContent = "";
    // Whoever looks on has no number, and no place.
    if (number !== 0) meet({ number, pos: spawn_pos });
  })
  .on("RoomSnapshot", ({ members }) => members.forEach(meet))
  .on("UserEntered", ({ member }) => meet(member))
  .on("UserLeft", ({ number }) => world.members.delete(number))
  .on("MoveBroadcast", meet)
  .on("Best", ({ points }) => (element("best").textContent = points > 0 ? `Your best round: ${points}` : ""))
  .on("Error", ({ code }) => {
    const why = REFUSALS[codeName(ErrorCode, code)];
    if (why) element("refused").textContent = why;
  })
  .on("Closed", ({ reason, refusal }) => {
    if (reason === "BAD_NAME") localStorage.removeItem(NAME);
    // What stays refused is not wished for again by a reload.
    if (reason in REFUSALS) sessionStorage.removeItem(ROOM);
    element("state").textContent = reason in REFUSALS
      ? "You are in no room: choose another one."
      : `It is over: ${refusal?.text || reason}. Load the page again.`;
  });

element("name").value = nickname;
element("named").addEventListener("submit", (event) => {
  event.preventDefault();
  localStorage.setItem(NAME, element("name").value.trim());
  // A name is said when one comes in.
  location.reload();
});

/** Goes into the room of this name, as its first or as one more; a reload goes there again. */
function go(room) {
  element("refused").textContent = "";
  sessionStorage.setItem(ROOM, JSON.stringify(room));
  if (realm.isClosed) location.reload();
  else realm.enter(room);
}

element("room").value = room?.name ?? "";
element("going").addEventListener("submit", (event) => {
  event.preventDefault();
  const [name, secret] = [element("room").value.trim(), element("secret").value];
  // Without a name it is any room that nobody has named.
  go(name ? { name, secret } : {});
  document.activeElement.blur();
});

/** The rooms that may be seen; one without a password is a click away. */
async function list() {
  const rooms = await realm.listRooms().catch(() => []);
  element("rooms").replaceChildren(...rooms.map(({ name, members, capacity, is_private }) => {
    const row = document.createElement("li");
    const door = document.createElement("button");
    door.textContent = `${name} (${members} of ${capacity}${is_private ? ", with a password" : ""})`;
    door.addEventListener("click", () => {
      element("room").value = name;
      if (is_private) element("secret").focus(); else go({ name });
    });
    row.append(door);
    return row;
  }));
}
setInterval(list, LIST_MS);

addEventListener("keydown", ({ code, target }) => code in KEYS && !(target instanceof HTMLInputElement) && held.add(code));
addEventListener("keyup", ({ code }) => held.delete(code));
addEventListener("blur", () => held.clear());
canvas.addEventListener("pointerdown", (event) => (finger = fieldPlace(event)));
canvas.addEventListener("pointermove", (event) => finger && (finger = fieldPlace(event)));
for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
  canvas.addEventListener(end, () => (finger = null));
}

function fieldPlace({ offsetX, offsetY }) {
  const side = canvas.clientWidth;
  return { x: (offsetX / side) * 2 * FIELD - FIELD, y: FIELD - (offsetY / side) * 2 * FIELD };
}

/** Which way we want to go, as a vector of at most length 1. */
function wanted(from) {
  let [x, y] = [...held].reduce(([x, y], code) => [x + KEYS[code][0], y + KEYS[code][1]], [0, 0]);
  if (finger) [x, y] = [(finger.x - from.x) / 2_000, (finger.y - from.y) / 2_000];
  const length = Math.hypot(x, y);
  return length > 1 ? [x / length, y / length] : [x, y];
}

function walk(passedMs, now) {
  const me = world.members.get(world.me);
  if (!me) return;
  const [x, y] = wanted(me);
  if (x !== 0 || y !== 0) {
    const step = (SPEED * passedMs) / 1_000;
    const within = (value) => Math.round(Math.max(-FIELD, Math.min(FIELD, value)));
    me.x = within(me.x + x * step);
    me.y = within(me.y + y * step);
    isUnsaid = true;
  }
  // The last step, too, when one stands already.
  if (isUnsaid && now - spoken >= SAY_MS) {
    spoken = now;
    isUnsaid = realm.send({ type: "Move", pos: { x: me.x, y: me.y, z: 0 }, dir: 0 }) !== "sent";
  }
}

/** Whoever has lost its connection is pale. */
const colourOf = (number) => `hsl(${(number * 137) % 360} 60% ${realm.isAway(number) ? 85 : 48}%)`;

function circle({ x, y }, radius, colour) {
  const scale = canvas.width / (2 * FIELD);
  painter.beginPath();
  painter.arc((x + FIELD) * scale, (FIELD - y) * scale, radius, 0, 2 * Math.PI);
  painter.fillStyle = colour;
  painter.fill();
}

function draw() {
  painter.clearRect(0, 0, canvas.width, canvas.height);
  painter.globalAlpha = round()?.is_running ? 1 : 0.3;
  for (const coin of coins()) circle(coin, 8, "#d19a1e");
  painter.globalAlpha = 1;
  for (const [number, place] of world.members) circle(place, number === world.me ? 13 : 10, colourOf(number));
}

let shown = "";

function write() {
  const { number, is_running, left_s } = round() ?? {};
  if (number) {
    element("round").textContent = is_running
      ? `Round ${number}: ${left_s} s left` : `Round ${number} is over; the next one in ${left_s} s`;
  }
  const all = [...world.members.keys()].map((number) => [number, points(number)]);
  const best = all.sort((one, other) => other[1] - one[1] || one[0] - other[0]).slice(0, 12);
  const rows = best.map(([number, points]) => [number, points, realm.nameOf(number)]);
  const text = JSON.stringify([rows, world.me]);
  if (text === shown) return;
  shown = text;
  element("scores").replaceChildren(...rows.map(([number, points, name]) => {
    const row = document.createElement("li");
    row.className = number === world.me ? "me" : "";
    row.style.color = colourOf(number);
    const count = document.createElement("span");
    count.textContent = points;
    const who = name ?? `player ${number}`;
    row.append(number === world.me ? `${name ?? ""} (you)`.trim() : who, count);
    return row;
  }));
}

let before = performance.now();
requestAnimationFrame(function frame(now) {
  realm.tick();
  walk(Math.min(100, now - before), now);
  before = now;
  draw();
  write();
  if (!realm.isClosed) {
    const { main, world: link } = realm.state;
    const inside = world.me === 0 ? "Every place is taken: you look on." : "";
    element("state").textContent = link === "inside" ? inside : `${main}, ${link} …`;
    requestAnimationFrame(frame);
  }
});
// For the tests, and for whoever is curious in the console.
globalThis.coinRush = { realm, world, round, coins, points };
