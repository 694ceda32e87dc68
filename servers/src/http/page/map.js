// The map of a room: everyone where they were a moment ago, so that they move smoothly between what
// has been heard of them.

/** So far behind what is heard: one and a half moves of a bot, and some of the network's delays. */
const DELAY_MS = 160;
const TRAIL_MS = 900;
/** Half of what is seen at least, in thousandths of a unit. */
const VIEW_MIN = 9_000;
const FULL_TURN = 65_536;
const SPEED = 7_000;
const SEND_INTERVAL_MS = 50;
const EDGE = 1_000_000;
/** With more people than this only your own name and that under the pointer are written. */
const NAMES_MAX = 80;

/** The end of a uid, which is enough to tell guests apart. */
function shortOf(uid) {
  return (uid % 2 ** 16).toString(16).padStart(4, "0");
}

/** What a user without a name is called here. */
export function nameOf(uid) {
  const isGuest = uid >= 2 ** 52;
  return isGuest ? `guest ${shortOf(uid)}` : `player ${uid}`;
}

export function hueOf(uid) {
  return Math.round(((uid % 2 ** 16) * 137.508) % 360);
}

const headingOf = (dx, dy) => {
  const turn = Math.atan2(dy, dx) / (2 * Math.PI);
  return Math.floor(((turn + 1) % 1) * FULL_TURN) % FULL_TURN;
};

/** One member: where it was when, the newest last. */
class Member {
  constructor(uid) {
    this.uid = uid;
  }

  name = null;
  samples = [];
  dir = 0;

  hear(now, { pos, dir }) {
    const last = this.samples.at(-1);
    // After a rest it walks from where it stood, not from long ago.
    if (last && now - last.at > 2 * DELAY_MS) this.samples.push({ ...last, at: now - DELAY_MS });
    this.samples.push({ at: now, x: pos.x, y: pos.y });
    this.dir = dir;
  }

  forget(before) {
    while (this.samples.length > 2 && this.samples[1].at < before) this.samples.shift();
  }

  /** Where it was at a moment. */
  at(moment) {
    const next = this.samples.findIndex(({ at }) => at > moment);
    if (next === 0) return this.samples[0];
    if (next < 0) return this.samples.at(-1);
    const [from, to] = [this.samples[next - 1], this.samples[next]];
    const part = (moment - from.at) / (to.at - from.at);
    return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
  }
}

export class RoomMap {
  #canvas;
  #context;
  #move;
  #members = new Map();
  #me = null;
  #target = null;
  #keys = new Set();
  #view = null;
  #sentAt = 0;
  #unsent = false;
  #drawnAt = 0;
  #pointer = null;
  #colours = {};

  /** `move(pos, dir)` sends our own move; `false` if it can't be sent now. */
  constructor(canvas, move) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#move = move;
    this.#listen();
    matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => this.#readColours());
    this.#readColours();
    requestAnimationFrame((now) => this.#frame(now));
  }

  /** Where everyone is, as heard; ourselves too. */
  places() {
    const places = [...this.#members.values()].map(({ uid, samples }) => [uid, samples.at(-1)]);
    if (this.#me) places.push([this.#me.uid, this.#me]);
    return Object.fromEntries(places.map(([uid, { x, y }]) => [uid, { x, y }]));
  }

  get size() {
    return this.#members.size + (this.#me ? 1 : 0);
  }

  /** We are in a room, there. */
  enter(uid, number, pos) {
    this.#members.clear();
    this.#me = { uid, number, name: null, x: pos.x, y: pos.y, z: pos.z, dir: 0 };
    this.#target = null;
  }

  /** We are in no room: what was last seen stays, but it is nobody's place any more. */
  leave() {
    this.#me = null;
    this.#members.clear();
  }

  /** Somebody is there: who, and where. */
  meet(member) {
    if (!this.#me) return;
    let known = this.#members.get(member.number);
    // A number that somebody else had before.
    if (known?.uid !== member.uid) known = new Member(member.uid);
    known.hear(performance.now(), member);
    this.#members.set(member.number, known);
  }

  /** Somebody has moved; whom we do not know is on its way into what we know. */
  moved({ number, pos, dir }) {
    if (number === this.#me?.number) {
      // The game has put us there.
      Object.assign(this.#me, { x: pos.x, y: pos.y, dir });
      this.#target = null;
      return;
    }
    this.#members.get(number)?.hear(performance.now(), { pos, dir });
  }

  left(number) {
    this.#members.delete(number);
  }

  /** A member has a name; we may be it. */
  named(number, name) {
    const known = number === this.#me?.number ? this.#me : this.#members.get(number);
    if (known) known.name = name || null;
  }

  /** Our own name; null if we have none. */
  get ownName() {
    return this.#me?.name ?? null;
  }

  /** What a user is called, here or elsewhere in the realm. */
  nameOf(uid) {
    return this.#nameIn(uid) ?? nameOf(uid);
  }

  /** What a user is called who is in this room and has a name. */
  #nameIn(uid) {
    if (this.#me?.uid === uid) return this.#me.name;
    return [...this.#members.values()].find((one) => one.uid === uid)?.name;
  }

  /** The first page of a snapshot replaces what was known; who is known already goes on walking. */
  keepOnly(numbers) {
    for (const number of this.#members.keys()) if (!numbers.has(number)) this.#members.delete(number);
  }

  #listen() {
    const KEYS = { w: [0, 1], a: [-1, 0], s: [0, -1], d: [1, 0] };
    const ARROWS = { ArrowUp: "w", ArrowLeft: "a", ArrowDown: "s", ArrowRight: "d" };
    const keyOf = (event) => ARROWS[event.key] ?? event.key.toLowerCase();
    addEventListener("keydown", (event) => {
      const isTyping = event.target instanceof HTMLInputElement;
      if (isTyping || event.ctrlKey || event.metaKey || event.altKey || !KEYS[keyOf(event)]) return;
      event.preventDefault();
      this.#keys.add(keyOf(event));
      this.#target = null;
    });
    addEventListener("keyup", (event) => this.#keys.delete(keyOf(event)));
    addEventListener("blur", () => this.#keys.clear());
    this.#canvas.addEventListener("pointerdown", (event) => {
      this.#canvas.setPointerCapture(event.pointerId);
      this.#aim(event);
    });
    this.#canvas.addEventListener("pointermove", (event) => {
      this.#pointer = [event.offsetX, event.offsetY];
      if (event.buttons) this.#aim(event);
    });
    this.#canvas.addEventListener("pointerleave", () => (this.#pointer = null));
    this.directions = KEYS;
  }

  #aim(event) {
    if (this.#view) this.#target = this.#view.toWorld(event.offsetX, event.offsetY);
  }

  #readColours() {
    const style = getComputedStyle(this.#canvas);
    for (const name of ["ground", "grid", "ink", "muted", "accent"]) {
      this.#colours[name] = style.getPropertyValue(`--${name}`).trim();
    }
  }

  #frame(now) {
    const elapsed = Math.min(now - this.#drawnAt, 100);
    this.#drawnAt = now;
    this.#walk(elapsed);
    this.#send(now);
    this.#draw(now, elapsed);
    requestAnimationFrame((next) => this.#frame(next));
  }

  /** Where we want to go, as a step of this frame. */
  #step(reach) {
    let [dx, dy] = [0, 0];
    for (const key of this.#keys) {
      dx += this.directions[key][0];
      dy += this.directions[key][1];
    }
    if (dx || dy) {
      const length = Math.hypot(dx, dy);
      return [(dx / length) * reach, (dy / length) * reach];
    }
    if (!this.#target) return [0, 0];
    [dx, dy] = [this.#target.x - this.#me.x, this.#target.y - this.#me.y];
    const distance = Math.hypot(dx, dy);
    if (distance <= reach) {
      this.#target = null;
      return [dx, dy];
    }
    return [(dx / distance) * reach, (dy / distance) * reach];
  }

  #walk(elapsed) {
    const me = this.#me;
    if (!me) return;
    const [dx, dy] = this.#step((SPEED * elapsed) / 1_000);
    if (!dx && !dy) return;
    me.x = Math.max(-EDGE, Math.min(EDGE, me.x + dx));
    me.y = Math.max(-EDGE, Math.min(EDGE, me.y + dy));
    me.dir = headingOf(dx, dy);
    this.#unsent = true;
  }

  #send(now) {
    const me = this.#me;
    if (!me || !this.#unsent || now - this.#sentAt < SEND_INTERVAL_MS) return;
    const pos = { x: Math.round(me.x), y: Math.round(me.y), z: me.z };
    this.#unsent = !this.#move(pos, me.dir);
    this.#sentAt = now;
  }

  #fitCanvas() {
    const ratio = devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    if (this.#canvas.width !== Math.round(width * ratio) || this.#canvas.height !== Math.round(height * ratio)) {
      this.#canvas.width = Math.round(width * ratio);
      this.#canvas.height = Math.round(height * ratio);
    }
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return [width, height];
  }

  /** Follows everyone: it widens quickly, so that nobody is out of sight, and closes in slowly. */
  #look(places, width, height, elapsed) {
    const xs = places.map(({ x }) => x);
    const ys = places.map(({ y }) => y);
    const [left, right] = places.length ? [Math.min(...xs), Math.max(...xs)] : [0, 0];
    const [low, high] = places.length ? [Math.min(...ys), Math.max(...ys)] : [0, 0];
    const wanted = {
      x: (left + right) / 2,
      y: (low + high) / 2,
      scale: Math.min(
        (width - 70) / Math.max(right - left, 2 * VIEW_MIN),
        (height - 80) / Math.max(high - low, 2 * VIEW_MIN)),
    };
    const now = this.#view ?? wanted;
    const towards = (name, time) => now[name] + (wanted[name] - now[name]) * (1 - Math.exp(-elapsed / time));
    const [x, y] = [towards("x", 300), towards("y", 300)];
    const scale = towards("scale", wanted.scale < now.scale ? 150 : 1_500);
    this.#view = {
      x, y, scale,
      toScreen: (place) => [width / 2 + (place.x - x) * scale, height / 2 - (place.y - y) * scale],
      toWorld: (px, py) => ({ x: x + (px - width / 2) / scale, y: y - (py - height / 2) / scale }),
    };
  }

  #draw(now, elapsed) {
    const [width, height] = this.#fitCanvas();
    if (!width || !height) return;
    const shown = [...this.#members.values()].map((member) => {
      member.forget(now - DELAY_MS - TRAIL_MS);
      return { uid: member.uid, member, ...member.at(now - DELAY_MS), dir: member.dir };
    });
    const everyone = this.#me ? [...shown, this.#me] : shown;
    this.#look(everyone, width, height, elapsed);
    this.#drawGround(width, height);
    for (const one of shown) this.#drawTrail(one, now);
    for (const one of shown) this.#drawBody(...this.#view.toScreen(one), one.dir, 6, `hsl(${hueOf(one.uid)} 72% 58%)`);
    for (const one of shown) this.#drawNameOf(one, shown.length <= NAMES_MAX);
    if (this.#target) this.#drawTarget();
    if (this.#me) this.#drawMe();
  }

  #drawGround(width, height) {
    const context = this.#context;
    context.fillStyle = this.#colours.ground;
    context.fillRect(0, 0, width, height);
    const steps = [1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 500_000];
    const step = steps.find((step) => step * this.#view.scale >= 42) ?? steps.at(-1);
    const from = this.#view.toWorld(0, height);
    const to = this.#view.toWorld(width, 0);
    context.strokeStyle = this.#colours.grid;
    context.lineWidth = 1;
    context.beginPath();
    for (let x = Math.ceil(from.x / step) * step; x <= to.x; x += step) {
      const px = Math.round(this.#view.toScreen({ x, y: 0 })[0]) + 0.5;
      context.moveTo(px, 0);
      context.lineTo(px, height);
    }
    for (let y = Math.ceil(from.y / step) * step; y <= to.y; y += step) {
      const py = Math.round(this.#view.toScreen({ x: 0, y })[1]) + 0.5;
      context.moveTo(0, py);
      context.lineTo(width, py);
    }
    context.stroke();
  }

  #drawTrail({ uid, member, x, y }, now) {
    const context = this.#context;
    context.strokeStyle = `hsl(${hueOf(uid)} 70% 55% / 0.22)`;
    context.lineWidth = 3;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    let isFirst = true;
    for (const sample of member.samples) {
      if (sample.at > now - DELAY_MS) break;
      const place = this.#view.toScreen(sample);
      if (isFirst) context.moveTo(...place);
      else context.lineTo(...place);
      isFirst = false;
    }
    if (!isFirst) context.lineTo(...this.#view.toScreen({ x, y }));
    context.stroke();
  }

  #drawNameOf({ uid, x, y }, isNamed) {
    const [px, py] = this.#view.toScreen({ x, y });
    const isUnderPointer = this.#pointer && Math.hypot(this.#pointer[0] - px, this.#pointer[1] - py) < 14;
    if (isUnderPointer) this.#drawName(this.nameOf(uid), px, py, this.#colours.ink, 12);
    else if (isNamed) this.#drawName(this.#nameIn(uid) ?? shortOf(uid), px, py, this.#colours.muted, 10);
  }

  #drawMe() {
    const [px, py] = this.#view.toScreen(this.#me);
    const context = this.#context;
    context.fillStyle = this.#colours.accent;
    context.globalAlpha = 0.18;
    context.beginPath();
    context.arc(px, py, 20, 0, 2 * Math.PI);
    context.fill();
    context.globalAlpha = 1;
    this.#drawBody(px, py, this.#me.dir, 9, this.#colours.accent);
    context.strokeStyle = this.#colours.ink;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(px, py, 9, 0, 2 * Math.PI);
    context.stroke();
    this.#drawName("you", px, py - 4, this.#colours.ink, 13);
  }

  #drawTarget() {
    const [px, py] = this.#view.toScreen(this.#target);
    const context = this.#context;
    context.strokeStyle = this.#colours.accent;
    context.lineWidth = 1.5;
    context.beginPath();
    context.arc(px, py, 7, 0, 2 * Math.PI);
    context.moveTo(px - 3, py);
    context.lineTo(px + 3, py);
    context.moveTo(px, py - 3);
    context.lineTo(px, py + 3);
    context.stroke();
  }

  /** A disc with a nose where it faces. */
  #drawBody(px, py, dir, radius, colour) {
    const context = this.#context;
    const angle = (-dir / FULL_TURN) * 2 * Math.PI;
    context.fillStyle = colour;
    context.beginPath();
    context.arc(px, py, radius, angle + 0.6, angle - 0.6 + 2 * Math.PI);
    context.lineTo(px + Math.cos(angle) * radius * 1.7, py + Math.sin(angle) * radius * 1.7);
    context.closePath();
    context.fill();
  }

  #drawName(name, px, py, colour, size) {
    const context = this.#context;
    context.font = `${size}px system-ui, sans-serif`;
    context.textAlign = "center";
    context.lineWidth = 3;
    context.lineJoin = "round";
    context.strokeStyle = this.#colours.ground;
    context.strokeText(name, px, py - 13);
    context.fillStyle = colour;
    context.fillText(name, px, py - 13);
  }
}
