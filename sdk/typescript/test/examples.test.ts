import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { decodeCbor, decodeMsgpack, encodeCbor, encodeMsgpack } from "../dist/index.js";
import { asMessage, asRunMessage } from "../dist/events/message.js";

interface Example {
  readonly from: "gateway" | "client";
  readonly message: Record<string, unknown>;
  readonly msgpack: string;
  readonly cbor: string;
}

const EXAMPLES = JSON.parse(readFileSync(new URL("../../../docs/protocol-examples.json", import.meta.url), "utf8")) as Example[];

test("what a gateway recorded of every message is read the same in each codec", () => {
  assert.ok(EXAMPLES.length > 20);
  for (const { message, msgpack, cbor } of EXAMPLES) {
    assert.deepEqual(decodeMsgpack(Buffer.from(msgpack, "hex")), message);
    assert.deepEqual(decodeCbor(Buffer.from(cbor, "hex")), message);
    assert.deepEqual(decodeMsgpack(encodeMsgpack(message)), message);
    assert.deepEqual(decodeCbor(encodeCbor(message)), message);
  }
});

test("every message of a gateway is a message here", () => {
  for (const { from, message } of EXAMPLES) {
    if (from !== "gateway") continue;
    const read = asMessage(message);
    const ofRun = "seq" in message || message["type"] === "snapshot" || message["type"] === "gap";
    assert.equal(asRunMessage(read) !== undefined, ofRun, String(message["type"]));
  }
});
