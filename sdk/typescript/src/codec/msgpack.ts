import { DecodeError } from "../errors.js";
import { ByteReader, ByteWriter, MAX_DEPTH } from "./bytes.js";
import { fieldsOf, setField } from "./map.js";

/** MessagePack, as far as messages need it: no extension types, and text for the keys of maps. */

export function decodeMsgpack(bytes: Uint8Array): unknown {
  const reader = new ByteReader(bytes);
  const value = read(reader, 0);
  reader.end();
  return value;
}

export function encodeMsgpack(value: unknown): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  write(writer, value);
  return writer.finish();
}

function read(reader: ByteReader, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new DecodeError("the message is nested too deeply");
  const head = reader.u8();
  if (head < 0x80) return head;
  if (head < 0x90) return readMap(reader, head & 0x0f, depth);
  if (head < 0xa0) return readArray(reader, head & 0x0f, depth);
  if (head < 0xc0) return reader.text(head & 0x1f);
  if (head >= 0xe0) return head - 0x100;
  return readLong(reader, head, depth);
}

function readLong(reader: ByteReader, head: number, depth: number): unknown {
  switch (head) {
    case 0xc0: return null;
    case 0xc2: return false;
    case 0xc3: return true;
    case 0xc4: return reader.bytes(reader.u8());
    case 0xc5: return reader.bytes(reader.u16());
    case 0xc6: return reader.bytes(reader.u32());
    case 0xca: return reader.f32();
    case 0xcb: return reader.f64();
    case 0xcc: return reader.u8();
    case 0xcd: return reader.u16();
    case 0xce: return reader.u32();
    case 0xcf: return reader.u64();
    case 0xd0: return reader.i8();
    case 0xd1: return reader.i16();
    case 0xd2: return reader.i32();
    case 0xd3: return reader.i64();
    case 0xd9: return reader.text(reader.u8());
    case 0xda: return reader.text(reader.u16());
    case 0xdb: return reader.text(reader.u32());
    case 0xdc: return readArray(reader, reader.u16(), depth);
    case 0xdd: return readArray(reader, reader.u32(), depth);
    case 0xde: return readMap(reader, reader.u16(), depth);
    case 0xdf: return readMap(reader, reader.u32(), depth);
    default: throw new DecodeError(`0x${head.toString(16)} begins nothing that a message may hold`);
  }
}

function readArray(reader: ByteReader, length: number, depth: number): unknown[] {
  const items: unknown[] = [];
  for (let left = reader.count(length); left > 0; left--) items.push(read(reader, depth + 1));
  return items;
}

function readMap(reader: ByteReader, length: number, depth: number): Record<string, unknown> {
  const map: Record<string, unknown> = {};
  for (let left = reader.count(length); left > 0; left--) {
    const key = read(reader, depth + 1);
    if (typeof key !== "string") throw new DecodeError("a key is no text");
    setField(map, key, read(reader, depth + 1));
  }
  return map;
}

function write(writer: ByteWriter, value: unknown): void {
  if (value === null || value === undefined) writer.u8(0xc0);
  else if (typeof value === "boolean") writer.u8(value ? 0xc3 : 0xc2);
  else if (typeof value === "number") writeNumber(writer, value);
  else if (typeof value === "string") writeText(writer, value);
  else if (value instanceof Uint8Array) writeBytes(writer, value);
  else if (Array.isArray(value)) writeArray(writer, value);
  else if (typeof value === "object") writeMap(writer, value);
  else throw new TypeError(`a ${typeof value} cannot be said in a message`);
}

function writeNumber(writer: ByteWriter, value: number): void {
  if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
    writer.u8(0xcb);
    writer.f64(value);
  } else if (value >= 0) writeUnsigned(writer, value);
  else if (value >= -32) writer.u8(value + 0x100);
  else {
    writer.u8(0xd3);
    writer.i64(value);
  }
}

function writeUnsigned(writer: ByteWriter, value: number): void {
  if (value < 0x80) writer.u8(value);
  else writeHead(writer, value, [0xcc, 0xcd, 0xce, 0xcf]);
}

function writeText(writer: ByteWriter, value: string): void {
  const bytes = new TextEncoder().encode(value);
  if (bytes.length < 32) writer.u8(0xa0 | bytes.length);
  else writeHead(writer, bytes.length, [0xd9, 0xda, 0xdb]);
  writer.bytes(bytes);
}

function writeBytes(writer: ByteWriter, value: Uint8Array): void {
  writeHead(writer, value.length, [0xc4, 0xc5, 0xc6]);
  writer.bytes(value);
}

function writeArray(writer: ByteWriter, items: readonly unknown[]): void {
  if (items.length < 16) writer.u8(0x90 | items.length);
  else writeHead(writer, items.length, [undefined, 0xdc, 0xdd]);
  for (const item of items) write(writer, item);
}

function writeMap(writer: ByteWriter, value: object): void {
  const fields = fieldsOf(value);
  if (fields.length < 16) writer.u8(0x80 | fields.length);
  else writeHead(writer, fields.length, [undefined, 0xde, 0xdf]);
  for (const [key, field] of fields) {
    writeText(writer, key);
    write(writer, field);
  }
}

/** Writes a number after the head that goes with its width: of one, two, four or eight bytes, where there is one. */
function writeHead(writer: ByteWriter, value: number, heads: readonly (number | undefined)[]): void {
  const [one, two, four, eight] = heads;
  if (value <= 0xff && one !== undefined) {
    writer.u8(one);
    writer.u8(value);
  } else if (value <= 0xffff && two !== undefined) {
    writer.u8(two);
    writer.u16(value);
  } else if (value <= 0xffff_ffff && four !== undefined) {
    writer.u8(four);
    writer.u32(value);
  } else if (eight !== undefined) {
    writer.u8(eight);
    writer.u64(value);
  } else throw new RangeError("too large for a message");
}
