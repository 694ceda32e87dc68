// The live page: a room's map, the chat beside it, and the realm's figures.

import { RoomMap, hueOf, nameOf } from "./map.js";
import { CHAT_MAX_BYTES, ErrorCode } from "./protocol.js";
import { codeName } from "./tinyrealm.js";
import { Visitor, inWords } from "./visitor.js";

const CHANNEL = "lobby";
const LINES_MAX = 200;
const CHANNEL_RETRY_MS = 1_000;
const STATS_RETRY_MS = 10_000;

const element = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);
/** `?room=NAME&secret=…`, or `?mode=…` for any open room of it. */
const wantedRoom = { name: asked.get("room") ?? "", mode: asked.get("mode") ?? "", secret: asked.get("secret") ?? "" };
const wanted = { region: asked.get("region") ?? "", nickname: asked.get("name") ?? "", room: wantedRoom };

const map = new RoomMap(element("map"), (pos, dir) => visitor.send({ type: "Move", pos, dir }));
const chat = { isJoined: false, newest: 0, question: 0 };
const room = { id: 0, page: null, worlds: [] };

const HANDLERS = {
  State: showState,
  Lost({ link }) {
    if (link !== "world") return;
    map.leave();
    showPlace();
  },
  JoinOk({ room_id, number, spawn_pos }) {
    room.id = room_id;
    map.enter(visitor.uid, number, spawn_pos);
    showPlace();
  },
  RoomSnapshot: takeSnapshot,
  UserEntered: ({ member }) => meet(member),
  MemberName({ number, name }) {
    map.named(number, name);
    showState(visitor.state);
  },
  MoveBroadcast: (moved) => map.moved(moved),
  UserLeft({ number }) {
    map.left(number);
    showPlace();
  },
  Welcome: joinChannel,
  ChatJoined: comeIntoChannel,
  ChatBroadcast: (said) => showSaid(said),
  ChatPast: (said) => showSaid(said),
  ChatLeft: loseChannel,
  ChatRefused: refuse,
  Announced: ({ text }) => addNews(`The realm says: ${text}`),
  ChatGap: () => addNews("Some messages are missing here."),
};

const visitor = new Visitor(wanted, HANDLERS);

function meet(member) {
  room.page?.numbers.add(member.number);
  map.meet(member);
  showPlace();
}

/** Pages come one behind the other; the last one shows who is there at all. */
function takeSnapshot({ pages_left, members_left, members }) {
  room.page ??= { total: members_left, numbers: new Set() };
  for (const member of members) {
    room.page.numbers.add(member.number);
    map.meet(member);
  }
  if (pages_left > 0) return;
  map.keepOnly(room.page.numbers);
  room.page = null;
  showPlace();
}

const MAIN_WORDS = {
  waiting: "Reconnecting…",
  connecting: "Connecting…",
  "connecting to login": "Connecting…",
  "logging in": "Logging in…",
  greeting: "Saying hello…",
};
const WORLD_WORDS = {
  outside: "Looking for a world…",
  asking: "Looking for a world…",
  connecting: "Entering a room…",
  joining: "Entering a room…",
};

function showState({ main, world }) {
  const { problem } = visitor;
  const isInside = world === "inside";
  const isWhole = isInside && main === "ready";
  let text = main === "ready" ? WORLD_WORDS[world] : MAIN_WORDS[main];
  if (isWhole) text = `Playing as ${map.ownName ?? nameOf(visitor.uid)}`;
  else if (isInside) text = `In the room; ${text}`;
  if (problem && !isWhole) text += ` (${problem})`;
  element("state-text").textContent = text;
  element("state").dataset.kind = isWhole ? "good" : problem ? "bad" : "busy";
  Object.assign(document.body.dataset, { main, world, uid: visitor.uid });
  if (main !== "ready") chat.isJoined = false;
  if (world !== "inside") room.page = null;
  showChannel();
}

function showPlace() {
  const world = room.worlds.find(({ address }) => address === visitor.worldAddress);
  const where = world ? `World ${world.id}` : visitor.worldAddress;
  const count = map.size;
  element("place").textContent =
    count ? `${where} · room ${room.id} · ${count} ${count === 1 ? "player" : "players"}` : "";
}

/** Asked for until it is there: the chat server may come later than Main. */
function joinChannel() {
  clearTimeout(chat.question);
  if (chat.isJoined || !visitor.send({ type: "ChatJoin", channel: CHANNEL })) return;
  chat.question = setTimeout(joinChannel, CHANNEL_RETRY_MS);
}

function comeIntoChannel({ next_seq }) {
  clearTimeout(chat.question);
  chat.isJoined = true;
  if (next_seq <= chat.newest) {
    addNews("The realm has started anew.");
    chat.newest = 0;
  }
  showChannel();
}

function loseChannel() {
  chat.isJoined = false;
  showChannel();
  joinChannel();
}

function refuse({ reason }) {
  if (reason === ErrorCode.ALREADY_IN_CHANNEL) {
    chat.isJoined = true;
    clearTimeout(chat.question);
    showChannel();
  } else if (chat.isJoined) {
    addNews(`Not sent: ${inWords(codeName(ErrorCode, reason))}`);
  }
}

function showChannel() {
  element("channel").textContent = chat.isJoined ? `#${CHANNEL}` : "connecting…";
  document.body.dataset.channel = chat.isJoined ? "joined" : "waiting";
  document.querySelector("#say button").disabled = !chat.isJoined;
}

function showSaid({ seq, uid, msg }) {
  if (seq <= chat.newest) return;
  chat.newest = seq;
  const item = document.createElement("li");
  const name = document.createElement("b");
  name.textContent = uid === visitor.uid ? "you" : map.nameOf(uid);
  name.style.setProperty("--hue", hueOf(uid));
  item.append(name, msg);
  addLine(item);
}

function addNews(text) {
  const item = document.createElement("li");
  item.className = "news";
  item.textContent = text;
  addLine(item);
}

function addLine(item) {
  const log = element("log");
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
  log.append(item);
  while (log.children.length > LINES_MAX) log.firstChild.remove();
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

element("say").addEventListener("submit", (event) => {
  event.preventDefault();
  const line = element("line");
  const msg = line.value.trim();
  if (!msg || !chat.isJoined) return;
  if (new TextEncoder().encode(msg).length > CHAT_MAX_BYTES) {
    addNews(`A message has at most ${CHAT_MAX_BYTES} bytes.`);
  } else if (visitor.send({ type: "ChatSay", request: 1, channel: CHANNEL, msg })) {
    line.value = "";
  }
});

addEventListener("keydown", (event) => {
  if (event.key === "Enter" && document.activeElement === document.body) element("line").focus();
  if (event.key === "Escape") element("line").blur();
});

/** Rates are what two events differ by; the server's own clock says how long that was. */
function watchStats() {
  let before = null;
  const events = new EventSource("/stats");
  events.onmessage = ({ data }) => {
    const now = JSON.parse(data);
    showStats(now, before);
    before = now;
  };
  events.onerror = () => {
    // The figures stay blank until the server is back.
    showStats(null, null);
    before = null;
    // It comes back by itself, unless it was refused.
    if (events.readyState === EventSource.CLOSED) setTimeout(watchStats, STATS_RETRY_MS);
  };
}

function showStats(now, before) {
  const set = (id, value) => (element(id).textContent = value ?? "–");
  const seconds = now && before ? (now.uptime_ms - before.uptime_ms) / 1_000 : 0;
  const rate = (name) => (seconds > 0 ? (now[name] - before[name]) / seconds : null);
  const rounded = (value, digits) =>
    value?.toLocaleString("en", { maximumFractionDigits: digits, minimumFractionDigits: digits });
  set("users", now?.users.toLocaleString("en"));
  set("rooms", now?.rooms.toLocaleString("en"));
  set("deliveries", rounded(rate("deliveries"), 0));
  set("messages", rounded(rate("messages"), 1));
  set("latency", now?.bots ? rounded(now.p99_ms, 1) : null);
  if (!now) return;
  room.worlds = now.worlds;
  showPlace();
  showWorlds(now.worlds);
}

/** Worlds of several regions are a choice: a click enters the region, and Main picks its emptiest world. */
function showWorlds(worlds) {
  const regions = new Set(worlds.map((world) => world.region));
  element("worlds-box").classList.toggle("choice", regions.size > 1);
  const shown = JSON.stringify([worlds, visitor.worldAddress]);
  // What has not changed stays, so that a click is not lost.
  if (element("worlds").dataset.shown === shown) return;
  element("worlds").dataset.shown = shown;
  element("worlds").replaceChildren(...worlds.map((world) => worldItem(world, regions.size > 1)));
}

function worldItem({ id, region: its, address, capacity, users, rooms }, isChoice) {
  const item = document.createElement("li");
  item.className = address === visitor.worldAddress ? "here" : "";
  const name = document.createElement(isChoice ? "a" : "span");
  if (isChoice) name.href = `?region=${encodeURIComponent(its)}`;
  name.textContent = `World ${id}${its ? ` · ${its}` : ""}${item.className ? " · you" : ""}`;
  const counts = document.createElement("span");
  counts.textContent = `${users} of ${capacity}, ${rooms} ${rooms === 1 ? "room" : "rooms"}`;
  item.append(name, counts);
  return item;
}

/** For the console, and for tests. */
window.tinyrealm = { places: () => map.places(), uid: () => visitor.uid };

visitor.start();
watchStats();
