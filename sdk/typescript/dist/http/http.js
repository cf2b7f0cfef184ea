import { ApiError, ConnectionError } from "../errors.js";
import { abortReason, anySignal } from "../util/abort.js";
import { Backoff } from "../util/backoff.js";
import { randomId } from "../util/random.js";
import { sleep } from "../util/sleep.js";
import { errorOf } from "./answer.js";
import { urlOf } from "./config.js";
export const DEFAULT_HTTP = { timeoutMs: 60_000, retry: { minMs: 200, maxMs: 5_000, maxAttempts: 4 } };
/** REST calls: with the token, asked again where that is safe, failures as {@link ApiError}. */
export class Http {
    connection;
    #options;
    constructor(connection, options = DEFAULT_HTTP) {
        this.connection = connection;
        this.#options = options;
    }
    /** The JSON of the answer; undefined where there is none. */
    async json(request) {
        const response = await this.send(request);
        const text = await response.text();
        return (text === "" ? undefined : JSON.parse(text));
    }
    /** A request that creates something. */
    create(path, body, options = {}) {
        const idempotencyKey = options.idempotencyKey ?? randomId();
        return this.json({ method: "POST", path, body, idempotencyKey, signal: options.signal });
    }
    get(path, query, options = {}) {
        return this.json({ method: "GET", path, query, signal: options.signal });
    }
    /** The answer itself, if it is a success. */
    async send(request) {
        const backoff = new Backoff(this.#options.retry);
        let renewed = false;
        for (;;) {
            const token = await this.connection.tokens.get();
            const failure = await this.#attempt(request, token);
            if (failure instanceof Response)
                return failure;
            if (failure instanceof ApiError && failure.code === "token_expired" && this.connection.tokens.renewable && !renewed) {
                renewed = true;
                await this.connection.tokens.renew(token);
                continue;
            }
            const pause = mayRepeat(request, failure) ? backoff.next() : undefined;
            if (pause === undefined)
                throw failure;
            const asked = failure instanceof ApiError ? (failure.retryAfterMs ?? 0) : 0;
            await sleep(Math.max(pause, asked), request.signal);
        }
    }
    async #attempt(request, token) {
        const timeout = new AbortController();
        const timer = setTimeout(() => timeout.abort(), this.#options.timeoutMs);
        try {
            const url = urlOf(this.connection.baseUrl, request.path, request.query);
            const signal = anySignal(request.signal, timeout.signal);
            const response = await this.connection.fetch(url, { ...initOf(request, token), signal });
            return response.ok ? response : await errorOf(response);
        }
        catch (error) {
            if (request.signal?.aborted)
                throw abortReason(request.signal);
            if (timeout.signal.aborted)
                return new ConnectionError("timeout", "the server did not answer in time");
            return new ConnectionError("unreachable", "the server cannot be reached", { cause: error });
        }
        finally {
            clearTimeout(timer);
        }
    }
}
/** The head and body of a request. */
function initOf(request, token) {
    const headers = new Headers(request.headers);
    headers.set("authorization", `Bearer ${token}`);
    if (request.idempotencyKey !== undefined)
        headers.set("idempotency-key", request.idempotencyKey);
    const init = { method: request.method, headers, credentials: "omit", cache: "no-store" };
    if (request.body instanceof FormData)
        init.body = request.body;
    else if (request.body !== undefined) {
        headers.set("content-type", "application/json");
        init.body = JSON.stringify(request.body);
    }
    return init;
}
/** Whether sending a request again can do no harm: it changes nothing, it has a key, or the server says that it did nothing. */
function mayRepeat(request, failure) {
    const harmless = request.method === "GET" || request.idempotencyKey !== undefined;
    if (failure instanceof ConnectionError)
        return harmless;
    if (failure.status === 429 || failure.code === "overloaded")
        return true;
    return harmless && (failure.status === 502 || failure.status === 503 || failure.status === 504);
}
