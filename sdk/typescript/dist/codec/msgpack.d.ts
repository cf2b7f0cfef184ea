/** MessagePack, as far as messages need it: no extension types, and text for the keys of maps. */
export declare function decodeMsgpack(bytes: Uint8Array): unknown;
export declare function encodeMsgpack(value: unknown): Uint8Array<ArrayBuffer>;
