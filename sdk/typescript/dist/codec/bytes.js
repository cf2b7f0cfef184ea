import { DecodeError } from "../errors.js";
/** How deep a message may be nested: far more than any message is, far less than the stack holds. */
export const MAX_DEPTH = 128;
const TEXT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** Reads numbers and slices from bytes, and never past their end. */
export class ByteReader {
    #bytes;
    #view;
    #at = 0;
    constructor(bytes) {
        this.#bytes = bytes;
        this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    get left() {
        return this.#bytes.length - this.#at;
    }
    u8() {
        return this.#view.getUint8(this.#advance(1));
    }
    u16() {
        return this.#view.getUint16(this.#advance(2));
    }
    u32() {
        return this.#view.getUint32(this.#advance(4));
    }
    /** As a number, like `JSON.parse`: what is beyond 2^53 loses digits. */
    u64() {
        return Number(this.#view.getBigUint64(this.#advance(8)));
    }
    i8() {
        return this.#view.getInt8(this.#advance(1));
    }
    i16() {
        return this.#view.getInt16(this.#advance(2));
    }
    i32() {
        return this.#view.getInt32(this.#advance(4));
    }
    i64() {
        return Number(this.#view.getBigInt64(this.#advance(8)));
    }
    f32() {
        return this.#view.getFloat32(this.#advance(4));
    }
    f64() {
        return this.#view.getFloat64(this.#advance(8));
    }
    bytes(length) {
        const from = this.#advance(length);
        return this.#bytes.slice(from, from + length);
    }
    text(length) {
        const from = this.#advance(length);
        try {
            return TEXT.decode(this.#bytes.subarray(from, from + length));
        }
        catch {
            throw new DecodeError("text is not UTF-8");
        }
    }
    /** A count of items that are still to come. Each takes a byte at least, so a lie is found before anything is allocated. */
    count(count) {
        if (count > this.left)
            throw new DecodeError("a count is larger than what is left");
        return count;
    }
    /** Throws unless everything was read. */
    end() {
        if (this.left > 0)
            throw new DecodeError("bytes follow the message");
    }
    #advance(by) {
        if (by > this.left)
            throw new DecodeError("the message is cut off");
        const from = this.#at;
        this.#at += by;
        return from;
    }
}
/** Collects bytes in a buffer that doubles. */
export class ByteWriter {
    #bytes = new Uint8Array(256);
    #view = new DataView(this.#bytes.buffer);
    #length = 0;
    u8(value) {
        this.#reserve(1).setUint8(this.#length - 1, value);
    }
    u16(value) {
        this.#reserve(2).setUint16(this.#length - 2, value);
    }
    u32(value) {
        this.#reserve(4).setUint32(this.#length - 4, value);
    }
    u64(value) {
        this.#reserve(8).setBigUint64(this.#length - 8, BigInt(value));
    }
    i64(value) {
        this.#reserve(8).setBigInt64(this.#length - 8, BigInt(value));
    }
    f64(value) {
        this.#reserve(8).setFloat64(this.#length - 8, value);
    }
    bytes(value) {
        this.#reserve(value.length);
        this.#bytes.set(value, this.#length - value.length);
    }
    finish() {
        return this.#bytes.slice(0, this.#length);
    }
    /** Makes room for so many bytes, and gives the view of what may be a new buffer. */
    #reserve(by) {
        const before = this.#length;
        this.#length += by;
        if (this.#length > this.#bytes.length) {
            const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
            larger.set(this.#bytes.subarray(0, before));
            this.#bytes = larger;
            this.#view = new DataView(larger.buffer);
        }
        return this.#view;
    }
}
