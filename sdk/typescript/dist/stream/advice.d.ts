import { SbaError } from "../errors.js";
/** What to do after a connection ended. */
export type Advice = 
/** The server has nothing more to say. */
{
    readonly kind: "ended";
}
/** Come back from where we are: at once, or after the pause of the back-off, or after at least so long. */
 | {
    readonly kind: "again";
    readonly pause: "none" | "backoff";
    readonly atLeastMs?: number;
    readonly cause: SbaError;
}
/** Come back with another token. */
 | {
    readonly kind: "renew";
    readonly cause: SbaError;
}
/** Coming back would not help. */
 | {
    readonly kind: "fatal";
    readonly cause: SbaError;
};
/** After a WebSocket was closed; docs/protocol.md lists the codes. */
export declare function afterClose(code: number, reason: string): Advice;
/** After a request failed. */
export declare function afterFailure(error: unknown): Advice;
/** A connection that ended before the run did, with what to do. */
export declare class Interrupted extends Error {
    readonly advice: Exclude<Advice, {
        kind: "ended";
    }>;
    constructor(advice: Exclude<Advice, {
        kind: "ended";
    }>);
    /** Cut off without a word: come back after a pause. */
    static cut(message: string, options?: ErrorOptions): Interrupted;
}
