/** A version 4 UUID. `crypto.randomUUID` is missing where a page was not loaded securely. */
export declare function randomId(): string;
