import { DecodeError } from "../errors.js";
import { ByteReader, ByteWriter, MAX_DEPTH } from "./bytes.js";
import { fieldsOf, setField } from "./map.js";
/** CBOR (RFC 8949), as far as messages need it: text for the keys of maps; tags are passed over for what they tag. */
export function decodeCbor(bytes) {
    const reader = new ByteReader(bytes);
    const value = read(reader, 0);
    reader.end();
    if (value === BREAK)
        throw new DecodeError("a break ends nothing");
    return value;
}
export function encodeCbor(value) {
    const writer = new ByteWriter();
    write(writer, value);
    return writer.finish();
}
/** What ends an item of unknown length. */
const BREAK = Symbol("break");
/** The length of an item that goes on until a break. */
const UNTIL_BREAK = -1;
function read(reader, depth) {
    if (depth > MAX_DEPTH)
        throw new DecodeError("the message is nested too deeply");
    const head = reader.u8();
    const major = head >> 5;
    const info = head & 0x1f;
    switch (major) {
        case 0: return readSize(reader, info);
        case 1: return -1 - readSize(reader, info);
        case 2: return readChunks(reader, info, 2, (length) => reader.bytes(length), joinBytes);
        case 3: return readChunks(reader, info, 3, (length) => reader.text(length), (chunks) => chunks.join(""));
        case 4: return readArray(reader, readLength(reader, info), depth);
        case 5: return readMap(reader, readLength(reader, info), depth);
        case 6:
            readSize(reader, info);
            return readItem(reader, depth + 1);
        default: return readSimple(reader, info);
    }
}
/** An item that must be one, and no break. */
function readItem(reader, depth) {
    const value = read(reader, depth);
    if (value === BREAK)
        throw new DecodeError("a break stands where a value should");
    return value;
}
function readSize(reader, info) {
    if (info < 24)
        return info;
    switch (info) {
        case 24: return reader.u8();
        case 25: return reader.u16();
        case 26: return reader.u32();
        case 27: return reader.u64();
        default: throw new DecodeError("a length is none");
    }
}
function readLength(reader, info) {
    return info === 31 ? UNTIL_BREAK : reader.count(readSize(reader, info));
}
function readChunks(reader, info, major, chunk, join) {
    if (info !== 31)
        return chunk(readSize(reader, info));
    const chunks = [];
    for (let head = reader.u8(); head !== 0xff; head = reader.u8()) {
        if (head >> 5 !== major)
            throw new DecodeError("chunks are of different kinds");
        chunks.push(chunk(readSize(reader, head & 0x1f)));
    }
    return join(chunks);
}
function joinBytes(chunks) {
    const whole = new Uint8Array(chunks.reduce((length, chunk) => length + chunk.length, 0));
    let at = 0;
    for (const chunk of chunks) {
        whole.set(chunk, at);
        at += chunk.length;
    }
    return whole;
}
function readArray(reader, length, depth) {
    const items = [];
    while (length === UNTIL_BREAK || items.length < length) {
        const item = length === UNTIL_BREAK ? read(reader, depth + 1) : readItem(reader, depth + 1);
        if (item === BREAK)
            break;
        items.push(item);
    }
    return items;
}
function readMap(reader, length, depth) {
    const map = {};
    for (let count = 0; length === UNTIL_BREAK || count < length; count++) {
        const key = read(reader, depth + 1);
        if (key === BREAK && length === UNTIL_BREAK)
            break;
        if (typeof key !== "string")
            throw new DecodeError("a key is no text");
        setField(map, key, readItem(reader, depth + 1));
    }
    return map;
}
function readSimple(reader, info) {
    switch (info) {
        case 20: return false;
        case 21: return true;
        case 22:
        case 23: return null;
        case 25: return halfFloat(reader.u16());
        case 26: return reader.f32();
        case 27: return reader.f64();
        case 31: return BREAK;
        default: throw new DecodeError("a simple value is unknown");
    }
}
function halfFloat(bits) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0)
        return sign * fraction * 2 ** -24;
    if (exponent === 31)
        return fraction === 0 ? sign * Infinity : NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
function write(writer, value) {
    if (value === null || value === undefined)
        writer.u8(0xf6);
    else if (typeof value === "boolean")
        writer.u8(value ? 0xf5 : 0xf4);
    else if (typeof value === "number")
        writeNumber(writer, value);
    else if (typeof value === "string")
        writeText(writer, value);
    else if (value instanceof Uint8Array) {
        writeHead(writer, 2, value.length);
        writer.bytes(value);
    }
    else if (Array.isArray(value)) {
        writeHead(writer, 4, value.length);
        for (const item of value)
            write(writer, item);
    }
    else if (typeof value === "object")
        writeMap(writer, value);
    else
        throw new TypeError(`a ${typeof value} cannot be said in a message`);
}
function writeNumber(writer, value) {
    if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
        writer.u8(0xfb);
        writer.f64(value);
    }
    else if (value >= 0)
        writeHead(writer, 0, value);
    else
        writeHead(writer, 1, -1 - value);
}
function writeText(writer, value) {
    const bytes = new TextEncoder().encode(value);
    writeHead(writer, 3, bytes.length);
    writer.bytes(bytes);
}
function writeMap(writer, value) {
    const fields = fieldsOf(value);
    writeHead(writer, 5, fields.length);
    for (const [key, field] of fields) {
        writeText(writer, key);
        write(writer, field);
    }
}
function writeHead(writer, major, size) {
    const kind = major << 5;
    if (size < 24)
        writer.u8(kind | size);
    else if (size <= 0xff) {
        writer.u8(kind | 24);
        writer.u8(size);
    }
    else if (size <= 0xffff) {
        writer.u8(kind | 25);
        writer.u16(size);
    }
    else if (size <= 0xffff_ffff) {
        writer.u8(kind | 26);
        writer.u32(size);
    }
    else {
        writer.u8(kind | 27);
        writer.u64(size);
    }
}
