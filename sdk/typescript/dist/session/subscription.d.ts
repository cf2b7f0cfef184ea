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
/** One run of a session's stream. It outlives connections. */
export declare class Subscription {
    #private;
    readonly run: string;
    readonly priority: Priority;
    readonly order: Order;
    readonly queue: BoundedQueue<RunMessage>;
    /** The id of the request that was not answered yet. What is said meanwhile may belong to an earlier one. */
    requestId: string | undefined;
    /** Its reader is behind, and nothing is asked for until it has caught up. */
    full: boolean;
    constructor(run: string, options: SubscribeOptions, capacity: number);
    /** The message that asks for it, from where it is. */
    request(id: string): object;
    /** Whether the server's word on this subscription is about the one that there is now. */
    get settled(): boolean;
    take(message: RunMessage): Taken;
}
