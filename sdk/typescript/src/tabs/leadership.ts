import type { TabsPlatform } from "./platform.js";

/** A place in the queue for one lock: whoever holds it leads, and the browser passes it on when that tab goes. */
export class Leadership {
  readonly #stop = new AbortController();
  #release: (() => void) | undefined;
  #leads = false;
  /** Resolves when this tab leads. */
  readonly elected: Promise<void>;

  constructor(name: string, platform: TabsPlatform) {
    this.elected = new Promise((resolve) => {
      const held = (): Promise<void> => {
        if (this.#stop.signal.aborted) return Promise.resolve();
        this.#leads = true;
        resolve();
        return new Promise((release) => (this.#release = release));
      };
      // Rejected when this tab leaves the queue, which is what it asked for.
      platform.locks.request(name, { signal: this.#stop.signal }, held).catch(() => {});
    });
  }

  get leads(): boolean {
    return this.#leads;
  }

  /** Leaves the queue, or hands the lock on. */
  resign(): void {
    this.#leads = false;
    this.#stop.abort();
    this.#release?.();
  }
}
