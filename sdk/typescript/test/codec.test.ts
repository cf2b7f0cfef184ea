import assert from "node:assert/strict";
import { test } from "node:test";
import { DecodeError, decodeCbor, decodeMsgpack, encodeCbor, encodeMsgpack } from "../dist/index.js";
import { below, seeded } from "./support/random.js";

const CODECS = [
  { name: "CBOR", encode: encodeCbor, decode: decodeCbor },
  { name: "MessagePack", encode: encodeMsgpack, decode: decodeMsgpack },
];

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** From RFC 8949, appendix A. */
const CBOR_VECTORS: [string, unknown][] = [
  ["00", 0], ["0a", 10], ["17", 23], ["1818", 24], ["1864", 100], ["1903e8", 1000], ["1a000f4240", 1_000_000],
  ["1b000000e8d4a51000", 1_000_000_000_000], ["20", -1], ["3863", -100], ["3903e7", -1000],
  ["f90000", 0], ["f93c00", 1], ["fb3ff199999999999a", 1.1], ["f93e00", 1.5], ["f97bff", 65504], ["fa47c35000", 100_000],
  ["fb7e37e43c8800759c", 1.0e300], ["f90001", 5.960464477539063e-8], ["f90400", 0.00006103515625], ["f9c400", -4],
  ["f97c00", Infinity], ["f9fc00", -Infinity], ["f4", false], ["f5", true], ["f6", null], ["f7", null],
  ["c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"], ["c11a514b67b0", 1_363_896_240],
  ["60", ""], ["6161", "a"], ["62c3bc", "ü"], ["63e6b0b4", "水"], ["64f0908591", "𐅑"], ["80", []], ["83010203", [1, 2, 3]],
  ["8301820203820405", [1, [2, 3], [4, 5]]], ["a0", {}], ["a26161016162820203", { a: 1, b: [2, 3] }],
  ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]], ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }],
  ["7f657374726561646d696e67ff", "streaming"], ["5f42010243030405ff", Uint8Array.of(1, 2, 3, 4, 5)],
];

/** From the specification of MessagePack: one of each format. */
const MSGPACK_VECTORS: [string, unknown][] = [
  ["00", 0], ["7f", 127], ["cc80", 128], ["cd0100", 256], ["ce00010000", 65536], ["cf0000000100000000", 2 ** 32],
  ["ff", -1], ["e0", -32], ["d0df", -33], ["d1ff7f", -129], ["d2ffff7fff", -32769], ["d3ffffffff7fffffff", -2147483649],
  ["c0", null], ["c2", false], ["c3", true], ["ca3f800000", 1], ["cb3ff199999999999a", 1.1], ["a161", "a"], ["d90161", "a"],
  ["da000161", "a"], ["db0000000161", "a"], ["c403010203", Uint8Array.of(1, 2, 3)], ["c5000101", Uint8Array.of(1)],
  ["c60000000101", Uint8Array.of(1)], ["93010203", [1, 2, 3]], ["dc000101", [1]], ["dd0000000101", [1]],
  ["81a16101", { a: 1 }], ["de0001a16101", { a: 1 }], ["df00000001a16101", { a: 1 }],
];

test("what the specifications give as examples is read", () => {
  for (const [hex, value] of CBOR_VECTORS) assert.deepEqual(decodeCbor(bytes(hex)), value, hex);
  for (const [hex, value] of MSGPACK_VECTORS) assert.deepEqual(decodeMsgpack(bytes(hex)), value, hex);
  assert.ok(Number.isNaN(decodeCbor(bytes("f97e00"))));
});

test("what is no message of the protocol is an error, and nothing else", () => {
  const bad: [(bytes: Uint8Array) => unknown, string][] = [
    [decodeCbor, ""], [decodeCbor, "ff"], [decodeCbor, "1c"], [decodeCbor, "81ff"], [decodeCbor, "a1ff01"], [decodeCbor, "a10102"],
    [decodeCbor, "61ff"], [decodeCbor, "0000"], [decodeCbor, "9bffffffffffffffff"], [decodeCbor, "bb7fffffffffffffff"],
    [decodeCbor, "5bffffffffffffffff"], [decodeCbor, "7f4101ff"], [decodeCbor, "7f7f"], [decodeCbor, "bf6161ff"], [decodeCbor, "f800"],
    [decodeCbor, "c0ff"], [decodeCbor, "81".repeat(200) + "00"], [decodeCbor, "c1".repeat(200) + "00"], [decodeCbor, "9f".repeat(200)],
    [decodeMsgpack, ""], [decodeMsgpack, "c1"], [decodeMsgpack, "d40001"], [decodeMsgpack, "810102"], [decodeMsgpack, "a1ff"],
    [decodeMsgpack, "0000"], [decodeMsgpack, "ddffffffff"], [decodeMsgpack, "dfffffffff"], [decodeMsgpack, "dbffffffff61"],
    [decodeMsgpack, "91".repeat(200) + "00"],
  ];
  for (const [decode, hex] of bad) assert.throws(() => decode(bytes(hex)), DecodeError, hex);
});

for (const { name, encode, decode } of CODECS) {
  test(`${name}: whatever JSON can say comes back the same`, () => {
    for (let seed = 0; seed < 300; seed++) {
      const value = anything(seeded(seed), 4);
      assert.deepEqual(decode(encode(value)), JSON.parse(JSON.stringify(value)), `seed ${seed}`);
    }
  });

  test(`${name}: a message that is cut anywhere is an error`, () => {
    for (let seed = 0; seed < 40; seed++) {
      const whole = encode({ deep: anything(seeded(seed), 4) });
      // Of a long one a few hundred places will do: decoding it at each is quadratic.
      const stride = Math.ceil(whole.length / 300);
      for (let length = 0; length < whole.length; length += stride) {
        assert.throws(() => decode(whole.subarray(0, length)), DecodeError, `seed ${seed}, ${length} bytes`);
      }
    }
  });

  test(`${name}: random bytes are a value or an error, whatever they promise`, () => {
    const random = seeded(7);
    let read = 0;
    for (let turn = 0; turn < 50_000; turn++) {
      const noise = Uint8Array.from({ length: below(random, 24) }, () => below(random, 256));
      try {
        decode(noise);
        read += 1;
      } catch (error) {
        assert.ok(error instanceof DecodeError, `${String(error)} for ${Buffer.from(noise).toString("hex")}`);
      }
    }
    assert.ok(read > 100, "some noise is a message");
  });

  test(`${name}: messages with flipped bits are a value or an error`, () => {
    const random = seeded(11);
    for (let turn = 0; turn < 2000; turn++) {
      const message = encode(anything(random, 3));
      const at = below(random, message.length);
      message[at] = (message[at] ?? 0) ^ (1 << below(random, 8));
      try {
        decode(message);
      } catch (error) {
        assert.ok(error instanceof DecodeError, String(error));
      }
    }
  });

  test(`${name}: a field called __proto__ is a field, and nobody's prototype`, () => {
    const hostile: unknown = JSON.parse('{"__proto__": {"admin": true}}');
    const read = decode(encode(hostile)) as Record<string, unknown>;
    assert.deepEqual(Object.keys(read), ["__proto__"]);
    assert.equal(read["admin"], undefined);
    assert.equal(({} as Record<string, unknown>)["admin"], undefined);
  });
}

function anything(random: () => number, depth: number): unknown {
  switch (below(random, depth > 0 ? 9 : 7)) {
    case 0: return null;
    case 1: return random() < 0.5;
    case 2: return below(random, 300) - 150;
    case 3: return Math.floor((random() - 0.5) * 2 ** below(random, 53));
    case 4: return random() * 1e6;
    case 5: return text(random, below(random, 40));
    case 6: return text(random, below(random, 16) === 0 ? 70_000 : 300);
    case 7: return Array.from({ length: below(random, 20) }, () => anything(random, depth - 1));
    default: return Object.fromEntries(Array.from({ length: below(random, 20) }, (_, at) => [`${text(random, 3)}${at}`, anything(random, depth - 1)]));
  }
}

function text(random: () => number, length: number): string {
  const alphabet = ["a", "Z", "ü", "水", "😀", "\u202e", "\0", "<", '"', "\u2028"];
  return length >= 300 ? "x".repeat(length) : Array.from({ length }, () => alphabet[below(random, alphabet.length)]).join("");
}
