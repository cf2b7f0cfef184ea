/** CBOR (RFC 8949), as far as messages need it: text for the keys of maps; tags are passed over for what they tag. */
export declare function decodeCbor(bytes: Uint8Array): unknown;
export declare function encodeCbor(value: unknown): Uint8Array<ArrayBuffer>;
