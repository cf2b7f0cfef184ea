/** How pauses between attempts grow. */
export interface BackoffOptions {
    /** The pause after the first failure, at most. */
    readonly minMs: number;
    /** The longest pause. */
    readonly maxMs: number;
    /** Failures in a row after which there is no further attempt. */
    readonly maxAttempts: number;
}
export declare const DEFAULT_BACKOFF: BackoffOptions;
/** Exponential back-off. Each pause is random between half and all of its length, so that clients do not come back in step. */
export declare class Backoff {
    #private;
    constructor(options?: BackoffOptions, random?: () => number);
    /** Failures since the last success. */
    get failures(): number;
    reset(): void;
    /** Counts a failure: the pause before the next attempt in milliseconds, or undefined if there is to be none. */
    next(): number | undefined;
}
