export const DEFAULT_BACKOFF = { minMs: 250, maxMs: 15_000, maxAttempts: Infinity };
/** Exponential back-off. Each pause is random between half and all of its length, so that clients do not come back in step. */
export class Backoff {
    #options;
    #random;
    #failures = 0;
    constructor(options = DEFAULT_BACKOFF, random = Math.random) {
        this.#options = options;
        this.#random = random;
    }
    /** Failures since the last success. */
    get failures() {
        return this.#failures;
    }
    reset() {
        this.#failures = 0;
    }
    /** Counts a failure: the pause before the next attempt in milliseconds, or undefined if there is to be none. */
    next() {
        this.#failures += 1;
        if (this.#failures >= this.#options.maxAttempts)
            return undefined;
        const longest = Math.min(this.#options.maxMs, this.#options.minMs * 2 ** Math.min(this.#failures - 1, 30));
        return longest * (0.5 + this.#random() / 2);
    }
}
