import type { TokenBucket } from "../util/token-bucket.js";
/** Sends messages no faster than the server takes them: those about subscriptions first, then those of the outbox. */
export declare class Pump {
    #private;
    /** `next` gives what makes the next message, which is only made when it may be sent. */
    constructor(bucket: TokenBucket, next: () => (() => object | undefined) | undefined, send: (message: object) => boolean);
    start(): void;
    stop(): void;
    /** The server said that there were too many. */
    slowDown(): void;
    /** Sends what may be sent now, and comes back for the rest. */
    run(): void;
}
