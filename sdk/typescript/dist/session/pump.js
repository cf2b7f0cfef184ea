/** Sends messages no faster than the server takes them: those about subscriptions first, then those of the outbox. */
export class Pump {
    #bucket;
    #next;
    #send;
    #timer;
    #running = false;
    /** `next` gives what makes the next message, which is only made when it may be sent. */
    constructor(bucket, next, send) {
        this.#bucket = bucket;
        this.#next = next;
        this.#send = send;
    }
    start() {
        this.#running = true;
        this.run();
    }
    stop() {
        this.#running = false;
        clearTimeout(this.#timer);
        this.#timer = undefined;
    }
    /** The server said that there were too many. */
    slowDown() {
        this.#bucket.drain();
        this.run();
    }
    /** Sends what may be sent now, and comes back for the rest. */
    run() {
        if (!this.#running || this.#timer !== undefined)
            return;
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
            if (message && !this.#send(message))
                return;
        }
    }
}
