import { SbaError, StreamError } from "../errors.js";
import { onOnline } from "../util/online.js";
import { sleep } from "../util/sleep.js";
/** Tokens in a row that may be refused. */
const MAX_RENEWALS = 2;
/** The time between two connections: as long as it must be, with a new token where one is needed. */
export class Pause {
    #options;
    #renewals = 0;
    constructor(options) {
        this.#options = options;
    }
    /** The last connection brought something. */
    progress() {
        this.#options.backoff.reset();
        this.#renewals = 0;
    }
    /**
     * Waits until it is time to come back. `atOnce`: there is another way to try first.
     * @throws StreamError when there is nothing to come back for.
     */
    async before(advice, atOnce) {
        if (advice.kind === "fatal")
            throw givenUp(advice.cause);
        if (advice.kind === "renew")
            await this.#renew(advice.cause);
        const { backoff, signal, state } = this.#options;
        // The first time in a row that the server sends a client elsewhere, or for a token, it means now.
        const invited = backoff.failures === 0 && (advice.kind === "renew" || advice.pause === "none");
        const delay = backoff.next();
        if (delay === undefined) {
            throw new StreamError("retries_exhausted", "the stream was cut off too often", { cause: advice.cause });
        }
        if (atOnce || invited)
            return;
        const retryInMs = Math.max(delay, advice.kind === "again" ? (advice.atLeastMs ?? 0) : 0);
        state({ phase: "waiting", retryInMs, attempt: backoff.failures, cause: advice.cause });
        let wake = () => { };
        const online = new Promise((resolve) => (wake = resolve));
        const stop = onOnline(() => wake());
        await sleep(retryInMs, signal, online).finally(stop);
    }
    async #renew(cause) {
        this.#renewals += 1;
        const { tokens } = this.#options;
        if (!tokens.renewable || this.#renewals > MAX_RENEWALS)
            throw givenUp(cause);
        await tokens.renew(await tokens.get());
    }
}
/** A stream that is given up ends with an error of its own, which names what was behind it. */
function givenUp(cause) {
    return cause instanceof StreamError ? cause : new StreamError(cause.code, cause.message, { cause });
}
