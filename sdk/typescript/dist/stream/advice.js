import { ApiError, ConnectionError, DecodeError, SbaError, StreamError } from "../errors.js";
/** After a WebSocket was closed; docs/protocol.md lists the codes. */
export function afterClose(code, reason) {
    const cause = new StreamError(reasonCode(code, reason), `the stream was closed: ${code} ${reason}`.trim(), { closeCode: code });
    switch (code) {
        case 1000:
            return { kind: "ended" };
        case 1012:
            return { kind: "again", pause: "none", cause };
        case 4401:
            return { kind: "renew", cause };
        case 4429:
            return { kind: "again", pause: "backoff", atLeastMs: 1000, cause };
        // The client's fault, a fault that an operator must look at, or something that is not there.
        case 1002:
        case 1003:
        case 1007:
        case 1008:
        case 1009:
        case 1010:
        case 1011:
        case 4400:
        case 4403:
        case 4404:
            return { kind: "fatal", cause };
        // Cut off without a word (1006), a proxy that goes (1001), 1013, 4408, and codes of a later version.
        default:
            return { kind: "again", pause: "backoff", cause };
    }
}
/** After a request failed. */
export function afterFailure(error) {
    if (error instanceof ApiError)
        return afterAnswer(error);
    if (error instanceof ConnectionError)
        return { kind: "again", pause: "backoff", cause: error };
    if (error instanceof DecodeError)
        return { kind: "fatal", cause: error };
    if (error instanceof SbaError)
        return { kind: "fatal", cause: error };
    throw error;
}
function afterAnswer(error) {
    if (error.code === "token_expired" || error.code === "unauthenticated")
        return { kind: "renew", cause: error };
    if (error.status === 408 || error.status === 429 || error.status >= 500) {
        if (error.code === "internal" || error.code === "not_configured")
            return { kind: "fatal", cause: error };
        return { kind: "again", pause: "backoff", atLeastMs: error.retryAfterMs ?? 0, cause: error };
    }
    return { kind: "fatal", cause: error };
}
/** The reason of a close is the stable code where the server gave one. */
function reasonCode(code, reason) {
    if (/^[a-z][a-z_]*$/.test(reason))
        return reason;
    const known = { 4401: "unauthenticated", 4403: "forbidden", 4404: "not_found", 4429: "rate_limited" };
    return known[code] ?? `closed_${code}`;
}
/** A connection that ended before the run did, with what to do. */
export class Interrupted extends Error {
    advice;
    constructor(advice) {
        super(advice.cause.message, { cause: advice.cause });
        this.advice = advice;
    }
    /** Cut off without a word: come back after a pause. */
    static cut(message, options) {
        return new Interrupted({ kind: "again", pause: "backoff", cause: new ConnectionError("unreachable", message, options) });
    }
}
