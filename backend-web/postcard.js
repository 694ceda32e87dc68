// Messages as bytes: an opcode of four bytes, little-endian, then the fields in postcard's encoding.
//
// A codec is `{ write(out, value), read(input) }`; `protocol.js` puts them together. What does not fit
// is a RangeError or a TypeError when it is written, and `Malformed` when it is read.

const OPCODE_BYTES = 4;
const utf8 = new TextEncoder();
const fromUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

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

function writeVarint(out, value) {
  while (value >= 0x80) {
    out.push((value % 0x80) | 0x80);
    value = Math.floor(value / 0x80);
  }
  out.push(value);
}

function readVarint(input, bits) {
  let value = 0;
  for (let shift = 0; shift < bits; shift += 7) {
    const byte = input.byte();
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) {
      if (value >= 2 ** bits) break;
      return value;
    }
  }
  throw new Malformed("a number is too large");
}

function requireInteger(value, least, most) {
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(`${value} is no whole number from ${least} to ${most}`);
  }
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

export const u16 = unsigned(16);
export const u32 = unsigned(32);
/** Below 2^53: what a number holds exactly. */
export const u53 = unsigned(53);

/** Zigzag: 0, -1, 1, -2 … */
export const i32 = {
  write(out, value) {
    requireInteger(value, -(2 ** 31), 2 ** 31 - 1);
    writeVarint(out, ((value << 1) ^ (value >> 31)) >>> 0);
  },
  read(input) {
    const zigzag = readVarint(input, 32);
    return (zigzag >>> 1) ^ -(zigzag & 1);
  },
};

/** Bytes whose number both sides know. */
export function array(count) {
  return {
    write(out, value) {
      if (value.length !== count) throw new RangeError(`expected ${count} bytes`);
      out.push(...value);
    },
    read: (input) => input.take(count),
  };
}

/** At most so many bytes. */
export function bytes(most) {
  return {
    write(out, value) {
      if (value.length > most) throw new RangeError(`more than ${most} bytes`);
      writeVarint(out, value.length);
      out.push(...value);
    },
    read(input) {
      const count = readVarint(input, 32);
      if (count > most) throw new Malformed(`more than ${most} bytes`);
      return input.take(count);
    },
  };
}

/** UTF-8 of at most so many bytes. */
export function text(most) {
  const raw = bytes(most);
  return {
    write(out, value) {
      if (typeof value !== "string") throw new TypeError("expected a text");
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
      if (values.length > most) throw new RangeError(`more than ${most} items`);
      writeVarint(out, values.length);
      for (const value of values) item.write(out, value);
    },
    read(input) {
      const count = readVarint(input, 32);
      if (count > most) throw new Malformed(`more than ${most} items`);
      return Array.from({ length: count }, () => item.read(input));
    },
  };
}

/** Fields by name, in their order. */
export function record(fields) {
  const entries = Object.entries(fields);
  return {
    write(out, value) {
      for (const [name, codec] of entries) codec.write(out, value[name]);
    },
    read(input) {
      const value = {};
      for (const [name, codec] of entries) value[name] = codec.read(input);
      return value;
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
      const entry = byName.get(message.type);
      if (!entry) throw new TypeError(`there is no message ${message.type} this way`);
      const out = [0, 8, 16, 24].map((shift) => (entry.opcode >>> shift) & 0xff);
      entry.codec.write(out, message);
      return Uint8Array.from(out);
    },

    decode(body) {
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
