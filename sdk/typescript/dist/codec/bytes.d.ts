/** How deep a message may be nested: far more than any message is, far less than the stack holds. */
export declare const MAX_DEPTH = 128;
/** Reads numbers and slices from bytes, and never past their end. */
export declare class ByteReader {
    #private;
    constructor(bytes: Uint8Array);
    get left(): number;
    u8(): number;
    u16(): number;
    u32(): number;
    /** As a number, like `JSON.parse`: what is beyond 2^53 loses digits. */
    u64(): number;
    i8(): number;
    i16(): number;
    i32(): number;
    i64(): number;
    f32(): number;
    f64(): number;
    bytes(length: number): Uint8Array;
    text(length: number): string;
    /** A count of items that are still to come. Each takes a byte at least, so a lie is found before anything is allocated. */
    count(count: number): number;
    /** Throws unless everything was read. */
    end(): void;
}
/** Collects bytes in a buffer that doubles. */
export declare class ByteWriter {
    #private;
    u8(value: number): void;
    u16(value: number): void;
    u32(value: number): void;
    u64(value: number): void;
    i64(value: number): void;
    f64(value: number): void;
    bytes(value: Uint8Array): void;
    finish(): Uint8Array<ArrayBuffer>;
}
