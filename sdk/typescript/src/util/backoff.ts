/** How pauses between attempts grow. */
export interface BackoffOptions {
  /** The pause after the first failure, at most. */
  readonly minMs: number;
  /** The longest pause. */
  readonly maxMs: number;
  /** Failures in a row after which there is no further attempt. */
  readonly maxAttempts: number;
}

export const DEFAULT_BACKOFF: BackoffOptions = { minMs: 250, maxMs: 15_000, maxAttempts: Infinity };

/** Exponential back-off. Each pause is random between half and all of its length, so that clients do not come back in step. */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: () => number;
  #failures = 0;

  constructor(options: BackoffOptions = DEFAULT_BACKOFF, random: () => number = Math.random) {
    this.#options = options;
    this.#random = random;
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures;
  }

  reset(): void {
    this.#failures = 0;
  }

  /** Counts a failure: the pause before the next attempt in milliseconds, or undefined if there is to be none. */
  next(): number | undefined {
    this.#failures += 1;
    if (this.#failures >= this.#options.maxAttempts) return undefined;
    const longest = Math.min(this.#options.maxMs, this.#options.minMs * 2 ** Math.min(this.#failures - 1, 30));
    return longest * (0.5 + this.#random() / 2);
  }
}
