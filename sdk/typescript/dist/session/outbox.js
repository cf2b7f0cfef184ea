import { RejectedError, SbaError } from "../errors.js";
import { randomId } from "../util/random.js";
/**
 * Messages that the server has not answered yet, oldest first. They survive the connection: each is sent again on the next
 * one under the same id, which makes it the same command, and whoever waits for it hears of one answer.
 */
export class Outbox {
    #capacity;
    #entries = new Map();
    constructor(capacity) {
        this.#capacity = capacity;
    }
    get size() {
        return this.#entries.size;
    }
    /** Takes a message in; the answer is the server's. Throws `outbox_full` at once where there is no room. */
    add(message, id = randomId(), signal) {
        if (this.#entries.has(id))
            throw new SbaError("id_in_use", "a message with this id still waits for its answer");
        if (this.#entries.size >= this.#capacity) {
            throw new SbaError("outbox_full", `${this.#capacity} messages wait for the connection already`);
        }
        return new Promise((resolve, reject) => {
            const withdraw = () => this.#settle(id)?.reject(signal?.reason);
            const release = () => signal?.removeEventListener("abort", withdraw);
            signal?.addEventListener("abort", withdraw, { once: true });
            this.#entries.set(id, {
                message: { id, ...message },
                sent: false,
                resolve: (payload) => (release(), resolve(payload)),
                reject: (error) => (release(), reject(error)),
            });
        });
    }
    /** The oldest message that was not sent on this connection. */
    next() {
        for (const { message, sent } of this.#entries.values())
            if (!sent)
                return message;
        return undefined;
    }
    sent(id) {
        const entry = this.#entries.get(id);
        if (entry)
            entry.sent = true;
    }
    /** Takes an answer. `later`: it was one too many, and is to be sent again. */
    answer(answer) {
        const entry = this.#entries.get(answer.id ?? "");
        if (!entry)
            return "unknown";
        if (answer.type === "ack") {
            this.#settle(entry.message.id)?.resolve(answer.payload);
            return "settled";
        }
        const code = String(answer.payload["code"] ?? "rejected");
        if (code === "rate_limited") {
            entry.sent = false;
            return "later";
        }
        this.#settle(entry.message.id)?.reject(new RejectedError(code, String(answer.payload["message"] ?? code)));
        return "settled";
    }
    /** A new connection knows nothing of what was sent on the last. */
    resend() {
        for (const entry of this.#entries.values())
            entry.sent = false;
    }
    resolve(id, payload) {
        this.#settle(id)?.resolve(payload);
    }
    reject(id, error) {
        this.#settle(id)?.reject(error);
    }
    /** Nothing will be answered any more. */
    fail(error) {
        for (const id of [...this.#entries.keys()])
            this.reject(id, error);
    }
    #settle(id) {
        const entry = this.#entries.get(id);
        this.#entries.delete(id);
        return entry;
    }
}
