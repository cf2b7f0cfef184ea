import { StreamError } from "../errors.js";
import { Order } from "../events/order.js";
import { BoundedQueue } from "../util/queue.js";
/** How often in a row a hole may be met without progress. */
const MAX_HOLES = 3;
/** One run of a session's stream. It outlives connections. */
export class Subscription {
    run;
    priority;
    order;
    queue;
    /** The id of the request that was not answered yet. What is said meanwhile may belong to an earlier one. */
    requestId;
    /** Its reader is behind, and nothing is asked for until it has caught up. */
    full = false;
    #from;
    #holes = 0;
    constructor(run, options, capacity) {
        this.run = run;
        this.priority = options.priority ?? "normal";
        this.order = new Order(options.after);
        this.queue = new BoundedQueue(capacity);
        this.#from = options.from ?? "history";
    }
    /** The message that asks for it, from where it is. */
    request(id) {
        this.requestId = id;
        // A snapshot without a position is the run as it stands now.
        const after = this.#from === "snapshot" && this.order.seq === 0 ? undefined : this.order.seq;
        return { id, type: "subscribe", run: this.run, after, from: this.#from, priority: this.priority };
    }
    /** Whether the server's word on this subscription is about the one that there is now. */
    get settled() {
        return !this.full && this.requestId === undefined;
    }
    take(message) {
        if (this.full)
            return "ignored";
        const before = this.order.seq;
        const verdict = this.order.take(message);
        if (verdict === "repeat")
            return "ignored";
        if (verdict === "hole")
            return this.#hole();
        this.#holes = 0;
        if (this.queue.push(message))
            return "taken";
        this.order.rewind(before);
        this.full = true;
        return "full";
    }
    #hole() {
        // The rest of what an earlier request asked for; what this one asks for comes after its answer.
        if (!this.settled)
            return "ignored";
        this.#holes += 1;
        if (this.#holes < MAX_HOLES)
            return "again";
        this.queue.end(new StreamError("order_broken", `an event after ${this.order.seq} is missing`));
        return "ignored";
    }
}
