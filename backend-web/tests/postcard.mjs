// Every codec of postcard.js: what it carries, to the byte, and what it refuses.

import assert from "node:assert/strict";
import {
  Malformed, array, bool, bytes, f32, f64, i16, i32, i64, i8, link, list, option, record, text, tuple, u16, u32,
  u53, u64, u8, variants,
} from "../postcard.js";

const hexOf = (body) => Buffer.from(body).toString("hex");
const bytesOf = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
const one = (codec) => link({ One: [1, { value: codec }] });
const OPCODE = "01000000";
const B = (...values) => Uint8Array.from(values);

const shape = variants({ Point: null, Circle: record({ radius: u16 }), Line: tuple(i8, i8), Label: text(3) });

/** Name, codec, values with their bytes, values that it can't carry, bytes that are none. */
const CODECS = [
  ["bool", bool, [[false, "00"], [true, "01"]], [0, 1, "true", null], ["02", "ff", ""]],
  ["u8", u8, [[0, "00"], [128, "80"], [255, "ff"]], [256, -1, 1.5, "1", true], [""]],
  ["i8", i8, [[0, "00"], [-1, "ff"], [127, "7f"], [-128, "80"]], [128, -129, 0.5, "1"], [""]],
  ["u16", u16, [[0, "00"], [127, "7f"], [128, "8001"], [65535, "ffff03"]], [65536, -1, 1.5, 1n],
    ["808004", "ffff7f", "8000", "80", "80808000"]],
  ["i16", i16, [[0, "00"], [-1, "01"], [1, "02"], [32767, "feff03"], [-32768, "ffff03"]],
    [32768, -32769, 0.1], ["808004", "8000"]],
  ["u32", u32, [[300, "ac02"], [4294967295, "ffffffff0f"]], [2 ** 32, -1, 1.5],
    ["8080808010", "ac8200", "8080808080", "ffffffffff00"]],
  ["i32", i32, [[-2000, "9f1f"], [2 ** 31 - 1, "feffffff0f"], [-(2 ** 31), "ffffffff0f"]],
    [2 ** 31, -(2 ** 31) - 1], ["8080808010", "9f9f00"]],
  ["u53", u53, [[2 ** 32, "8080808010"], [2 ** 53 - 1, "ffffffffffffff0f"]], [2 ** 53, -1, 0.5, 1n],
    ["8080808080808010", "808080808000", "ffffffffffffffffff01"]],
  ["u64", u64, [[0n, "00"], [2n ** 53n, "8080808080808010"], [2n ** 64n - 1n, "ffffffffffffffffff01"]],
    [2n ** 64n, -1n, 2 ** 53, -1, 1.5, "1"], ["ffffffffffffffffff02", "8000", "8080808080808080808000"]],
  ["i64", i64, [[-1n, "01"], [2n ** 63n - 1n, "feffffffffffffffff01"], [-(2n ** 63n), "ffffffffffffffffff01"]],
    [2n ** 63n, -(2n ** 63n) - 1n, 2 ** 53, 1.5, "1"], ["ffffffffffffffffff02", "8100"]],
  ["f32", f32, [[1.5, "0000c03f"], [-0, "00000080"], [NaN, "0000c07f"], [Infinity, "0000807f"]],
    [1e39, -Number.MAX_VALUE, "1", 1n, true], ["0000c0"]],
  ["f64", f64, [[0.1, "9a9999999999b93f"], [-Infinity, "000000000000f0ff"]], ["1", 1n, B(1)], ["00"]],
  ["array", array(2), [[B(1, 255), "01ff"]],
    [B(1), B(1, 2, 3), [1, 2], "hi", new Uint16Array(2), new Int8Array(2), new DataView(new ArrayBuffer(2)),
      new ArrayBuffer(2), { length: 2, 0: 1, 1: 2 }], ["01"]],
  ["bytes", bytes(3), [[B(), "00"], [B(1, 2, 3), "03010203"]],
    [B(1, 2, 3, 4), "hi", [1, 256, -1], new Uint16Array(1), new Uint8ClampedArray(1), 3], ["0401020304", "0301", "8000"]],
  ["text", text(4), [["", "00"], ["añb", "0461c3b162"], ["😀", "04f09f9880"], ["\uFEFF", "03efbbbf"]],
    ["añbc", "12345", "\uD800", "a\uDC00", 5, ["a"], new String("a"), B(97)], ["02ffff", "0561616161", "03eda080"]],
  ["option", option(u16), [[null, "00"], [5, "0105"]], ["5", 65536, false], ["02", "0005", "01"]],
  ["list", list(2, u8), [[[], "00"], [[1, 2], "020102"]],
    [[1, 2, 3], [256], [, 1], B(1, 2), "12", { length: 0 }, new Set()], ["03010203", "0201", "820001"]],
  ["tuple", tuple(u8, bool), [[[7, true], "0701"]], [[7], [7, true, 1], [true, 7], B(7, 1), "71"], ["07", "0702"]],
  ["record", record({ x: i8, y: i8 }), [[{ x: -1, y: 1 }, "ff01"]], [{ x: 1 }, [1, 2], 5, "xy", { x: 1, y: 128 }], ["ff"]],
  ["variants", shape,
    [["Point", "00"], [{ Circle: { radius: 300 } }, "01ac02"], [{ Line: [-1, 1] }, "02ff01"], [{ Label: "abc" }, "0303616263"]],
    ["Circle", "Square", { Point: null }, { Circle: {} }, { Circle: { radius: -1 } }, {}, ["Point"],
      { Circle: { radius: 1 }, Label: "a" }, 0, { Line: [1] }], ["04", "8000", "01"]],
];
/** What nobody carries. */
const NOTHING = [undefined, NaN, {}, Symbol("s"), () => 1, Infinity, null];

let carried = 0;
let refused = 0;
for (const [name, codec, values, wrong, broken] of CODECS) {
  const its = one(codec);
  for (const [value, hex] of values) {
    const body = its.encode({ type: "One", value });
    assert.equal(hexOf(body), OPCODE + hex, `${name} ${hex}`);
    assert.deepEqual(its.decode(body), { type: "One", value }, `${name} ${hex}`);
    carried += 1;
  }
  const isCarried = (value) => values.some(([carried]) => Object.is(carried, value));
  for (const value of [...wrong, ...NOTHING.filter((value) => !isCarried(value) && !(name === "f64" && typeof value === "number"))]) {
    const refuses = (error) => error instanceof RangeError || error instanceof TypeError;
    assert.throws(() => its.encode({ type: "One", value }), refuses, `${name} takes ${String(value)}`);
    refused += 1;
  }
  for (const hex of broken) {
    assert.throws(() => its.decode(bytesOf(OPCODE + hex)), Malformed, `${name} reads ${hex}`);
    refused += 1;
  }
  const [[value]] = values;
  const body = its.encode({ type: "One", value });
  assert.throws(() => its.decode(B(...body, 0)), Malformed, `${name} with a byte too many`);
}

// Safe numbers are taken where bigints are; other windows' bytes, Node's, and parts of longer ones.
assert.equal(hexOf(one(i64).encode({ type: "One", value: -1 })), OPCODE + "01");
assert.equal(hexOf(one(bytes(3)).encode({ type: "One", value: Buffer.from("hi") })), OPCODE + "026869");
assert.equal(hexOf(one(bytes(3)).encode({ type: "One", value: B(1, 2, 3, 4).subarray(1, 3) })), OPCODE + "020203");
const long = new Uint8Array(1 << 20).fill(7);
assert.deepEqual(one(bytes(1 << 20)).decode(one(bytes(1 << 20)).encode({ type: "One", value: long })).value, long);

// A message says which of its fields it is about.
const walk = link({ Walk: [2, { path: list(2, record({ x: i8 })) }] });
assert.throws(() => walk.encode({ type: "Walk", path: [{ x: 200 }] }), /^RangeError: Walk: path: x: 200 is no whole/);
assert.throws(() => walk.encode({ type: "Run" }), TypeError);
assert.throws(() => walk.encode(null), TypeError);
assert.throws(() => walk.decode("00000000"), TypeError);
assert.throws(() => walk.decode(new Uint16Array(4)), TypeError);
assert.throws(() => walk.decode(B(2, 0, 0)), Malformed);
assert.equal(walk.decode(B(3, 0, 0, 0)), null);
console.log(`${CODECS.length} codecs: ${carried} values carried, ${refused} refused`);
