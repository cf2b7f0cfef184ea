import { isEvent } from "./event.js";
/** Keeps the events of one run dense: nothing twice, nothing left out. */
export class Order {
    #seq;
    constructor(after = 0) {
        this.#seq = after;
    }
    /** The last event that was taken: where a stream goes on from. */
    get seq() {
        return this.#seq;
    }
    /** Judges a message; the position moves if it is the next one. */
    take(message) {
        if (message.type === "snapshot")
            return this.#jump(message.payload.seq);
        if (message.type === "gap")
            return this.#jump(message.payload.to);
        if (!isEvent(message) || message.seq <= this.#seq)
            return "repeat";
        if (message.seq > this.#seq + 1)
            return "hole";
        this.#seq = message.seq;
        return "next";
    }
    /** Takes back what could not be kept. */
    rewind(seq) {
        this.#seq = seq;
    }
    /** A snapshot may stand where the viewer already is, but never before: that would show the past as the present. */
    #jump(to) {
        if (to < this.#seq)
            return "repeat";
        this.#seq = to;
        return "next";
    }
}
