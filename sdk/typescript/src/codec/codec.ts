import { DecodeError } from "../errors.js";
import { decodeCbor, encodeCbor } from "./cbor.js";
import { decodeMsgpack, encodeMsgpack } from "./msgpack.js";

/** How messages look on the wire. */
export type CodecName = "json" | "msgpack" | "cbor";

/** One way to write messages. All three say the same maps with the same fields. */
export interface Codec {
  readonly name: CodecName;
  /** The subprotocol of the WebSocket. */
  readonly subprotocol: string;
  encode(message: object): string | Uint8Array<ArrayBuffer>;
  /** @throws DecodeError when it is none, or of the other kind (text, binary). */
  decode(data: string | Uint8Array): unknown;
}

const json: Codec = {
  name: "json",
  subprotocol: "sba.v1.json",
  encode: (message) => JSON.stringify(message),
  decode: (data) => decodeJson(data),
};

const msgpack: Codec = {
  name: "msgpack",
  subprotocol: "sba.v1.msgpack",
  encode: (message) => encodeMsgpack(message),
  decode: (data) => decodeMsgpack(binary(data)),
};

const cbor: Codec = {
  name: "cbor",
  subprotocol: "sba.v1.cbor",
  encode: (message) => encodeCbor(message),
  decode: (data) => decodeCbor(binary(data)),
};

const CODECS: Readonly<Record<CodecName, Codec>> = { json, msgpack, cbor };

/** What to offer, best first: JSON is the last resort of any server. */
export function offered(preferred: CodecName): readonly Codec[] {
  return preferred === "json" ? [json] : [CODECS[preferred], json];
}

/** The codec that the server confirmed. One that confirms nothing speaks JSON. */
export function confirmed(subprotocol: string): Codec {
  const found = Object.values(CODECS).find((codec) => codec.subprotocol === subprotocol);
  if (found) return found;
  if (subprotocol === "") return json;
  throw new DecodeError(`the server chose the unknown subprotocol ${subprotocol}`);
}

function decodeJson(data: string | Uint8Array): unknown {
  if (typeof data !== "string") throw new DecodeError("a binary message on a text subprotocol");
  try {
    return JSON.parse(data) as unknown;
  } catch {
    throw new DecodeError("a message is no JSON");
  }
}

function binary(data: string | Uint8Array): Uint8Array {
  if (typeof data === "string") throw new DecodeError("a text message on a binary subprotocol");
  return data;
}
