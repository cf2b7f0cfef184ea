/** Ids of a keeper's own messages begin so; those of callers are UUIDs. */
const OWN = "keep-";
/** Keeps one WebSocket: asks whether the server is there, since pings are not seen by scripts, and renews the token in place. */
export class Keeper {
    #options;
    #timer;
    #token;
    #count = 0;
    constructor(options) {
        this.#options = options;
        this.#token = options.token;
        this.#listen();
    }
    /** Takes note of a message; answers whether it was for the keeper only. */
    hear(message) {
        this.#listen();
        if (message.type === "token_expiring") {
            // A renewal that fails is no reason to end now: the server closes with 4401 when the time has come.
            if (this.#options.tokens.renewable)
                this.#renew().catch(() => { });
            return true;
        }
        return message.id?.startsWith(OWN) ?? false;
    }
    stop() {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        this.#count = Infinity;
    }
    #listen() {
        if (this.#count === Infinity)
            return;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#ask(), this.#options.idleMs);
    }
    #ask() {
        this.#send({ type: "ping" });
        this.#timer = setTimeout(() => this.#options.dead(), this.#options.idleMs / 2);
    }
    async #renew() {
        const token = await this.#options.tokens.renew(this.#token, "expiring");
        if (this.#count === Infinity)
            return;
        this.#token = token;
        const { sessionToken } = this.#options;
        this.#send({ type: "auth", token, ...(sessionToken === undefined ? {} : { session_token: sessionToken }) });
    }
    #send(message) {
        this.#count += 1;
        this.#options.send({ id: `${OWN}${this.#count}`, ...message });
    }
}
