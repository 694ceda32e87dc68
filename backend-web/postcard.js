// Messages as bytes: an opcode of four bytes, little-endian, then the fields in postcard's encoding.
//
// A codec is `{ write(out, value), read(input) }`; `protocol.js` puts them together, and so may a game with
// messages of its own. What a codec can't carry it refuses: a TypeError for what is of another kind, a
// RangeError for what is too large or too long, and nothing is encoded. What does not decode is `Malformed`.

const OPCODE_BYTES = 4;
const COUNT_BITS = 32;
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** A half of a pair without the other: no UTF-8 says it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** The bytes are no such message. */
export class Malformed extends Error {}

class Input {
  constructor(bytes) {
    this.bytes = bytes;
    this.place = 0;
  }

  byte() {
    if (this.place >= this.bytes.length) throw new Malformed("it ends too soon");
    return this.bytes[this.place++];
  }

  take(count) {
    const end = this.place + count;
    if (end > this.bytes.length) throw new Malformed("it ends too soon");
    const taken = this.bytes.slice(this.place, end);
    this.place = end;
    return taken;
  }
}

const shown = (value) => (typeof value === "string" ? JSON.stringify(value) : String(value));

function require(is, value, what) {
  if (!is) throw new TypeError(`expected ${what}, not ${shown(value)}`);
}

/** Of any window, and of Node: a `Buffer` is one, a `Uint16Array` is not. */
function requireBytes(value) {
  const is = ArrayBuffer.isView(value) && value[Symbol.toStringTag] === "Uint8Array";
  require(is, value, "a Uint8Array");
}

function requireInteger(value, least, most) {
  require(typeof value === "number", value, "a number");
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${value} is no whole number from ${least} to ${most}`);
  }
}

function writeVarint(out, value) {
  while (value >= 0x80) {
    out.push((value % 0x80) | 0x80);
    value = Math.floor(value / 0x80);
  }
  out.push(value);
}

/** Calls `add` with seven bits at a time and their place; the shortest form is the only one. */
function readGroups(input, bits, add) {
  for (let shift = 0; shift < bits; shift += 7) {
    const byte = input.byte();
    add(byte & 0x7f, shift);
    if (byte >= 0x80) continue;
    if (byte === 0 && shift > 0) throw new Malformed("a number is longer than it has to be");
    return;
  }
  throw new Malformed("a number is too large");
}

function readVarint(input, bits) {
  let value = 0;
  readGroups(input, bits, (group, shift) => (value += group * 2 ** shift));
  if (value >= 2 ** bits) throw new Malformed("a number is too large");
  return value;
}

function unsigned(bits) {
  return {
    write(out, value) {
      requireInteger(value, 0, 2 ** bits - 1);
      writeVarint(out, value);
    },
    read: (input) => readVarint(input, bits),
  };
}

/** Zigzag: 0, -1, 1, -2 … */
function signed(bits) {
  return {
    write(out, value) {
      requireInteger(value, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1);
      writeVarint(out, value < 0 ? -2 * value - 1 : 2 * value);
    },
    read(input) {
      const zigzag = readVarint(input, bits);
      return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    },
  };
}

export const u16 = unsigned(16);
export const u32 = unsigned(32);
/** Below 2^53: what a number holds exactly. */
export const u53 = unsigned(53);
export const i16 = signed(16);
export const i32 = signed(32);

/** What no number holds: a bigint when it is read; a whole number that is safe may be written, too. */
function requireBigInt(value, least, most) {
  require(typeof value === "bigint" || typeof value === "number", value, "a bigint");
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RangeError(`${value} is no safe whole number: say it as a bigint`);
  }
  const number = BigInt(value);
  if (number < least || number > most) {
    throw new RangeError(`${number} is no whole number from ${least} to ${most}`);
  }
  return number;
}

function writeBigVarint(out, value) {
  for (; value >= 0x80n; value >>= 7n) out.push(Number(value & 0x7fn) | 0x80);
  out.push(Number(value));
}

function readBigVarint(input) {
  let value = 0n;
  readGroups(input, 64, (group, shift) => (value |= BigInt(group) << BigInt(shift)));
  if (value >= 2n ** 64n) throw new Malformed("a number is too large");
  return value;
}

export const u64 = {
  write: (out, value) => writeBigVarint(out, requireBigInt(value, 0n, 2n ** 64n - 1n)),
  read: readBigVarint,
};

export const i64 = {
  write(out, value) {
    const number = requireBigInt(value, -(2n ** 63n), 2n ** 63n - 1n);
    writeBigVarint(out, number < 0n ? -2n * number - 1n : 2n * number);
  },
  read(input) {
    const zigzag = readBigVarint(input);
    return zigzag % 2n === 0n ? zigzag / 2n : -(zigzag + 1n) / 2n;
  },
};

export const u8 = {
  write(out, value) {
    requireInteger(value, 0, 0xff);
    out.push(value);
  },
  read: (input) => input.byte(),
};

export const i8 = {
  write(out, value) {
    requireInteger(value, -0x80, 0x7f);
    out.push(value & 0xff);
  },
  read: (input) => (input.byte() << 24) >> 24,
};

export const bool = {
  write(out, value) {
    require(typeof value === "boolean", value, "true or false");
    out.push(value ? 1 : 0);
  },
  read(input) {
    const byte = input.byte();
    if (byte > 1) throw new Malformed("neither true nor false");
    return byte === 1;
  },
};

/** Infinities and NaN are floats; what would become infinite by the way is none. */
function float(count, set, most) {
  return {
    write(out, value) {
      require(typeof value === "number", value, "a number");
      if (Number.isFinite(value) && Math.abs(value) > most) {
        throw new RangeError(`${value} is more than such a float holds`);
      }
      const view = new DataView(new ArrayBuffer(count));
      view[`set${set}`](0, value, true);
      for (let place = 0; place < count; place++) out.push(view.getUint8(place));
    },
    read(input) {
      const taken = input.take(count);
      return new DataView(taken.buffer, taken.byteOffset)[`get${set}`](0, true);
    },
  };
}

const F32_MAX = (2 - 2 ** -23) * 2 ** 127;
/** Rounded to the nearest; what is read is a number like any other. */
export const f32 = float(4, "Float32", F32_MAX);
export const f64 = float(8, "Float64", Number.MAX_VALUE);

function push(out, taken) {
  for (const byte of taken) out.push(byte);
}

function readCount(input, most, what) {
  const count = readVarint(input, COUNT_BITS);
  if (count > most) throw new Malformed(`more than ${most} ${what}`);
  return count;
}

/** Bytes whose number both sides know. */
export function array(count) {
  return {
    write(out, value) {
      requireBytes(value);
      if (value.length !== count) throw new RangeError(`expected ${count} bytes, not ${value.length}`);
      push(out, value);
    },
    read: (input) => input.take(count),
  };
}

/** At most so many bytes. */
export function bytes(most) {
  return {
    write(out, value) {
      requireBytes(value);
      if (value.length > most) throw new RangeError(`more than ${most} bytes`);
      writeVarint(out, value.length);
      push(out, value);
    },
    read: (input) => input.take(readCount(input, most, "bytes")),
  };
}

/** UTF-8 of at most so many bytes. */
export function text(most) {
  const raw = bytes(most);
  return {
    write(out, value) {
      require(typeof value === "string", value, "a text");
      if (LONE_SURROGATE.test(value)) throw new RangeError("half a character is in the text");
      raw.write(out, utf8.encode(value));
    },
    read(input) {
      const taken = raw.read(input);
      try {
        return fromUtf8.decode(taken);
      } catch {
        throw new Malformed("a text is not UTF-8");
      }
    },
  };
}

/** Something, or null. */
export function option(some) {
  return {
    write(out, value) {
      require(value !== undefined, value, "something or null");
      out.push(value === null ? 0 : 1);
      if (value !== null) some.write(out, value);
    },
    read(input) {
      const is = input.byte();
      if (is > 1) throw new Malformed("neither there nor not");
      return is === 0 ? null : some.read(input);
    },
  };
}

/** At most so many of a kind. */
export function list(most, item) {
  return {
    write(out, values) {
      require(Array.isArray(values), values, "an array");
      if (values.length > most) throw new RangeError(`more than ${most} items`);
      writeVarint(out, values.length);
      for (const value of values) item.write(out, value);
    },
    read(input) {
      const count = readCount(input, most, "items");
      return Array.from({ length: count }, () => item.read(input));
    },
  };
}

/** One of each, in their order; `[T; 3]` is three of a kind. */
export function tuple(...items) {
  return {
    write(out, values) {
      require(Array.isArray(values), values, "an array");
      if (values.length !== items.length) {
        throw new RangeError(`expected ${items.length} items, not ${values.length}`);
      }
      items.forEach((item, place) => item.write(out, values[place]));
    },
    read: (input) => items.map((item) => item.read(input)),
  };
}

function requireObject(value) {
  require(typeof value === "object" && value !== null && !Array.isArray(value), value, "an object");
}

/** What is refused inside of a field says whose it is. */
function writeNamed(name, codec, out, value) {
  try {
    codec.write(out, value);
  } catch (error) {
    error.message = `${name}: ${error.message}`;
    throw error;
  }
}

/** Fields by name, in their order. */
export function record(fields) {
  const entries = Object.entries(fields);
  return {
    write(out, value) {
      requireObject(value);
      for (const [name, codec] of entries) writeNamed(name, codec, out, value[name]);
    },
    read(input) {
      const value = {};
      for (const [name, codec] of entries) value[name] = codec.read(input);
      return value;
    },
  };
}

/**
 * One of several, in the order of the enum: `{ Idle: null, Walking: record({ speed: u16 }) }`. A value is
 * the name of one without content, `"Idle"`, or `{ Walking: { speed: 7 } }`.
 */
export function variants(known) {
  const entries = Object.entries(known);
  return {
    write(out, value) {
      const isName = typeof value === "string";
      if (!isName) requireObject(value);
      const names = isName ? [value] : Object.keys(value);
      const place = entries.findIndex(([name, codec]) => name === names[0] && (codec === null) === isName);
      if (names.length !== 1 || place < 0) {
        throw new TypeError(`expected one of ${Object.keys(known).join(", ")}, not ${shown(names)}`);
      }
      writeVarint(out, place);
      const [name, codec] = entries[place];
      if (codec !== null) writeNamed(name, codec, out, value[name]);
    },
    read(input) {
      const place = readVarint(input, COUNT_BITS);
      if (place >= entries.length) throw new Malformed("no such variant");
      const [name, codec] = entries[place];
      return codec === null ? name : { [name]: codec.read(input) };
    },
  };
}

/** One direction of a link: `{ Name: [opcode, fields] }`. */
export function link(messages) {
  const byName = new Map();
  const byOpcode = new Map();
  const opcodes = {};
  for (const [type, [opcode, fields]] of Object.entries(messages)) {
    const entry = { type, opcode, codec: record(fields) };
    byName.set(type, entry);
    byOpcode.set(opcode, entry);
    opcodes[type] = opcode;
  }
  return Object.freeze({
    opcodes: Object.freeze(opcodes),

    encode(message) {
      requireObject(message);
      const entry = byName.get(message.type);
      if (!entry) throw new TypeError(`there is no message ${shown(message.type)} this way`);
      const out = [0, 8, 16, 24].map((shift) => (entry.opcode >>> shift) & 0xff);
      writeNamed(entry.type, entry.codec, out, message);
      return Uint8Array.from(out);
    },

    decode(body) {
      requireBytes(body);
      if (body.length < OPCODE_BYTES) throw new Malformed("no opcode");
      const opcode = new DataView(body.buffer, body.byteOffset).getInt32(0, true);
      const entry = byOpcode.get(opcode);
      if (!entry) return null;
      const input = new Input(body.subarray(OPCODE_BYTES));
      const fields = entry.codec.read(input);
      if (input.place !== input.bytes.length) throw new Malformed("bytes are left over");
      return { type: entry.type, ...fields };
    },
  });
}
