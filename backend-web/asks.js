// Questions with an answer: to the game of our room, and from it.
//
// Each question of ours has one outcome: its promise is fulfilled with the answer, or rejected with an AskFailed. What
// comes for it later is passed over.

import { ErrorCode } from "./protocol.js";

const OPCODE_BYTES = 4;
/** The first opcodes of what a room's game hears and says. */
const GAME_HEARS = 0x5000;
const GAME_SAYS = 0x5100;

/** How many questions may be under way, as the core has it. */
export const ASKS_MAX = 4;

/** A question has no answer. */
export class AskFailed extends Error {
  /** `reason` is a name of `ErrorCode`; `code` the game's own, if that is REFUSED. */
  constructor(reason, code = 0) {
    super(reason === "REFUSED" ? `the game refuses: ${code}` : `there is no answer: ${reason}`);
    this.reason = reason;
    this.code = code;
  }
}

/** The game's own message in another: its place in the game's band, and its payload. null for one of a newer game's. */
export function opened(game, kind, data) {
  const body = new Uint8Array(OPCODE_BYTES + data.length);
  new DataView(body.buffer).setInt32(0, GAME_SAYS + kind, true);
  body.set(data, OPCODE_BYTES);
  return game?.hears.decode(body) ?? null;
}

/** A message to the game within one of the realm's: its place in the game's band, and its payload. */
export function enveloped(game, message) {
  if (!game || !(message.type in game.says.opcodes)) throw new TypeError(`the game does not hear ${message.type}`);
  const body = game.says.encode(message);
  const kind = new DataView(body.buffer, body.byteOffset).getInt32(0, true) - GAME_HEARS;
  return { kind, data: body.subarray(OPCODE_BYTES) };
}

const nameOf = (reason) => Object.entries(ErrorCode).find(([, code]) => code === reason)?.[0] ?? `code ${reason}`;

export class Asks {
  #open = new Map();
  #last = 0;
  #game;
  #send;
  #hand;

  /** `send` says something to the world, as `Realm.send`; `hand` tells the game of the page. */
  constructor(game, send, hand) {
    this.#game = game;
    this.#send = send;
    this.#hand = hand;
  }

  ask(question, timeoutMs) {
    return new Promise((resolve, reject) => {
      const envelope = enveloped(this.#game, question);
      if (this.#open.size === ASKS_MAX) throw new AskFailed("BUSY");
      const number = this.#nextNumber();
      const sent = this.#send({ type: "AskGame", number, timeout_ms: timeoutMs, ...envelope });
      if (sent !== "sent") throw new AskFailed(sent === "full" ? "BUSY" : "LOST");
      const timeOut = setTimeout(() => this.#take(number)?.reject(new AskFailed("TIMED_OUT")), timeoutMs);
      this.#open.set(number, { resolve, reject, timeOut });
    });
  }

  /** What the game has to say to a question. Throws what does not decode. */
  answered({ number, reason, code, kind, data }) {
    const answer = reason === 0 ? opened(this.#game, kind, data) : null;
    const open = this.#take(number);
    if (answer) open?.resolve(answer);
    else open?.reject(new AskFailed(nameOf(reason || ErrorCode.NOT_UNDERSTOOD), code));
  }

  /** A question of the game's: what nobody here knows, or wants to know, is not understood. */
  asked({ number, question }, isWanted) {
    if (question && isWanted) this.#hand({ type: "Asked", ask: number, question });
    else this.#refuse(number, ErrorCode.NOT_UNDERSTOOD, 0);
  }

  answer(number, answer) {
    return this.#send({ type: "AnswerGame", number, reason: 0, code: 0, ...enveloped(this.#game, answer) });
  }

  refuse(number, code) {
    return this.#refuse(number, ErrorCode.REFUSED, code);
  }

  #refuse(number, reason, code) {
    return this.#send({ type: "AnswerGame", number, reason, code, kind: 0, data: new Uint8Array() });
  }

  /** The connection is gone that the answers were to come by. */
  lose() {
    for (const number of [...this.#open.keys()]) this.#take(number).reject(new AskFailed("LOST"));
  }

  #take(number) {
    const open = this.#open.get(number);
    this.#open.delete(number);
    clearTimeout(open?.timeOut);
    return open;
  }

  /** Never 0, and none that is open. */
  #nextNumber() {
    do this.#last = (this.#last % 0xFFFF_FFFF) + 1;
    while (this.#open.has(this.#last));
    return this.#last;
  }
}
