/** Handshakes in a row that may fail before another transport is tried: of one that is not known to work, and of one that is. */
const PATIENCE_UNPROVEN = 1;
const PATIENCE_PROVEN = 3;
/**
 * Chooses among transports, best first. One that was never opened here is passed over at its first failure: in a browser the
 * next one also finds out what was wrong, for a WebSocket does not tell. After the last the first is tried again, since all
 * of them fail while the network is down.
 */
export class Ladder {
    #transports;
    #proven = new Set();
    #at = 0;
    #failures = 0;
    constructor(transports) {
        if (transports.length === 0)
            throw new TypeError("no transport is left to watch with");
        this.#transports = transports;
    }
    get current() {
        return this.#transports[this.#at];
    }
    opened() {
        this.#proven.add(this.current);
        this.#failures = 0;
    }
    /** Begins with the best again: the server itself refused, which says nothing of the way to it. */
    restart() {
        this.#at = 0;
        this.#failures = 0;
    }
    /** Counts a handshake that failed; answers whether the next attempt uses a transport that was not tried just before. */
    failed() {
        this.#failures += 1;
        if (this.#failures < (this.#proven.has(this.current) ? PATIENCE_PROVEN : PATIENCE_UNPROVEN))
            return false;
        this.#failures = 0;
        this.#at = (this.#at + 1) % this.#transports.length;
        return this.#at !== 0;
    }
}
