import type { TokenBucket } from "../util/token-bucket.js";

/** Sends messages no faster than the server takes them: those about subscriptions first, then those of the outbox. */
export class Pump {
  readonly #bucket: TokenBucket;
  readonly #next: () => (() => object | undefined) | undefined;
  readonly #send: (message: object) => boolean;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running = false;

  /** `next` gives what makes the next message, which is only made when it may be sent. */
  constructor(bucket: TokenBucket, next: () => (() => object | undefined) | undefined, send: (message: object) => boolean) {
    this.#bucket = bucket;
    this.#next = next;
    this.#send = send;
  }

  start(): void {
    this.#running = true;
    this.run();
  }

  stop(): void {
    this.#running = false;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The server said that there were too many. */
  slowDown(): void {
    this.#bucket.drain();
    this.run();
  }

  /** Sends what may be sent now, and comes back for the rest. */
  run(): void {
    if (!this.#running || this.#timer !== undefined) return;
    for (let make = this.#next(); make; make = this.#next()) {
      const pause = this.#bucket.take();
      if (pause > 0) {
        this.#timer = setTimeout(() => {
          this.#timer = undefined;
          this.run();
        }, pause);
        return;
      }
      const message = make();
      if (message && !this.#send(message)) return;
    }
  }
}
