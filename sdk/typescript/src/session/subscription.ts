import { StreamError } from "../errors.js";
import type { RunMessage } from "../events/event.js";
import { Order } from "../events/order.js";
import { BoundedQueue } from "../util/queue.js";

export type Priority = "high" | "normal" | "low";

/** What a caller may say about one run of a session's stream. */
export interface SubscribeOptions {
  readonly after?: number;
  readonly from?: "history" | "snapshot";
  /** Of runs that have something to say at the same time, which is heard first. */
  readonly priority?: Priority;
  readonly signal?: AbortSignal;
}

/** What became of a message: `again` asks for a new subscription from where this one is. */
export type Taken = "taken" | "again" | "full" | "ignored";

/** How often in a row a hole may be met without progress. */
const MAX_HOLES = 3;

/** One run of a session's stream. It outlives connections. */
export class Subscription {
  readonly run: string;
  readonly priority: Priority;
  readonly order: Order;
  readonly queue: BoundedQueue<RunMessage>;
  /** The id of the request that was not answered yet. What is said meanwhile may belong to an earlier one. */
  requestId: string | undefined;
  /** Its reader is behind, and nothing is asked for until it has caught up. */
  full = false;
  readonly #from: "history" | "snapshot";
  #holes = 0;

  constructor(run: string, options: SubscribeOptions, capacity: number) {
    this.run = run;
    this.priority = options.priority ?? "normal";
    this.order = new Order(options.after);
    this.queue = new BoundedQueue(capacity);
    this.#from = options.from ?? "history";
  }

  /** The message that asks for it, from where it is. */
  request(id: string): object {
    this.requestId = id;
    // A snapshot without a position is the run as it stands now.
    const after = this.#from === "snapshot" && this.order.seq === 0 ? undefined : this.order.seq;
    return { id, type: "subscribe", run: this.run, after, from: this.#from, priority: this.priority };
  }

  /** Whether the server's word on this subscription is about the one that there is now. */
  get settled(): boolean {
    return !this.full && this.requestId === undefined;
  }

  take(message: RunMessage): Taken {
    if (this.full) return "ignored";
    const before = this.order.seq;
    const verdict = this.order.take(message);
    if (verdict === "repeat") return "ignored";
    if (verdict === "hole") return this.#hole();
    this.#holes = 0;
    if (this.queue.push(message)) return "taken";
    this.order.rewind(before);
    this.full = true;
    return "full";
  }

  #hole(): Taken {
    // The rest of what an earlier request asked for; what this one asks for comes after its answer.
    if (!this.settled) return "ignored";
    this.#holes += 1;
    if (this.#holes < MAX_HOLES) return "again";
    this.queue.end(new StreamError("order_broken", `an event after ${this.order.seq} is missing`));
    return "ignored";
  }
}
