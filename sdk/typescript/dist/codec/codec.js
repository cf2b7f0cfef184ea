import { DecodeError } from "../errors.js";
import { decodeCbor, encodeCbor } from "./cbor.js";
import { decodeMsgpack, encodeMsgpack } from "./msgpack.js";
const json = {
    name: "json",
    subprotocol: "sba.v1.json",
    encode: (message) => JSON.stringify(message),
    decode: (data) => decodeJson(data),
};
const msgpack = {
    name: "msgpack",
    subprotocol: "sba.v1.msgpack",
    encode: (message) => encodeMsgpack(message),
    decode: (data) => decodeMsgpack(binary(data)),
};
const cbor = {
    name: "cbor",
    subprotocol: "sba.v1.cbor",
    encode: (message) => encodeCbor(message),
    decode: (data) => decodeCbor(binary(data)),
};
const CODECS = { json, msgpack, cbor };
/** What to offer, best first: JSON is the last resort of any server. */
export function offered(preferred) {
    return preferred === "json" ? [json] : [CODECS[preferred], json];
}
/** The codec that the server confirmed. One that confirms nothing speaks JSON. */
export function confirmed(subprotocol) {
    const found = Object.values(CODECS).find((codec) => codec.subprotocol === subprotocol);
    if (found)
        return found;
    if (subprotocol === "")
        return json;
    throw new DecodeError(`the server chose the unknown subprotocol ${subprotocol}`);
}
function decodeJson(data) {
    if (typeof data !== "string")
        throw new DecodeError("a binary message on a text subprotocol");
    try {
        return JSON.parse(data);
    }
    catch {
        throw new DecodeError("a message is no JSON");
    }
}
function binary(data) {
    if (typeof data === "string")
        throw new DecodeError("a text message on a binary subprotocol");
    return data;
}
