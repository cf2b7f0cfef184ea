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
/** What to offer, best first: JSON is the last resort of any server. */
export declare function offered(preferred: CodecName): readonly Codec[];
/** The codec that the server confirmed. One that confirms nothing speaks JSON. */
export declare function confirmed(subprotocol: string): Codec;
