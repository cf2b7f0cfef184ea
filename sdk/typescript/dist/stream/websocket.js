import { StreamError } from "../errors.js";
import { BoundedQueue } from "../util/queue.js";
import { Interrupted } from "./advice.js";
import { Channel } from "./channel.js";
/** Watches over a WebSocket. */
export class WebSocketTransport {
    name = "websocket";
    #connection;
    #options;
    constructor(connection, options) {
        this.#connection = connection;
        this.#options = options;
    }
    async *watch(watch) {
        const queue = new BoundedQueue(this.#options.capacity);
        const channel = await this.#open(watch, queue);
        try {
            watch.opened();
            for (let message = await queue.next(); message; message = await queue.next())
                yield message;
        }
        finally {
            channel.close();
        }
    }
    async #open(watch, queue) {
        // A WebSocket cannot be told to wait. A reader that falls too far behind reads what it has, and then comes back for the rest.
        const overflow = () => {
            const cause = new StreamError("too_slow", "the reader is slower than the stream");
            queue.end(new Interrupted({ kind: "again", pause: "none", cause }));
            opened?.close();
        };
        let opened;
        const target = {
            ...this.#options,
            connection: this.#connection,
            path: `/runs/${encodeURIComponent(watch.run)}/stream`,
            query: positionOf(watch),
            sessionToken: watch.sessionToken,
        };
        const listener = {
            message: (message) => {
                if (!queue.push(message))
                    overflow();
            },
            closed: (advice) => queue.end(advice.kind === "ended" ? undefined : new Interrupted(advice)),
        };
        opened = await Channel.open(target, listener, watch.signal);
        watch.signal.addEventListener("abort", () => queue.end(watch.signal.reason), { once: true });
        return opened;
    }
}
/** Where a stream begins: a snapshot without a position is the run as it stands now. */
function positionOf({ after, from }) {
    if (from === "history")
        return { after };
    return after === 0 ? { from } : { after, from };
}
