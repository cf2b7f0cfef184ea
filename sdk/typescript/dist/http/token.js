import { claimsOf } from "./claims.js";
/** A token is renewed so long before its end: longer than a request takes, and clocks may differ. */
const MARGIN_MS = 10_000;
/** Keeps the token of the moment, and asks for the next one once, however many need it. */
export class TokenSource {
    #provider;
    #token;
    #asking;
    constructor(provider) {
        this.#provider = provider;
    }
    /** Whether another token can be had at all. */
    get renewable() {
        return typeof this.#provider === "function";
    }
    /** What the token says of itself; the server checks it, this does not. */
    async claims() {
        return claimsOf(await this.get());
    }
    /** A token that is good now, as far as can be seen from here. */
    async get() {
        if (this.#token === undefined)
            return this.#ask("first");
        const { exp } = claimsOf(this.#token);
        if (this.renewable && exp !== undefined && exp * 1000 - Date.now() < MARGIN_MS)
            return this.#ask("expiring");
        return this.#token;
    }
    /** Another token than this one, which the server did not take or will not take for long. */
    async renew(stale, reason = "expired") {
        if (this.#token !== undefined && this.#token !== stale)
            return this.#token;
        return this.#ask(reason);
    }
    #ask(reason) {
        this.#asking ??= this.#fetch(reason).finally(() => (this.#asking = undefined));
        return this.#asking;
    }
    async #fetch(reason) {
        this.#token = typeof this.#provider === "string" ? this.#provider : await this.#provider(reason);
        return this.#token;
    }
}
