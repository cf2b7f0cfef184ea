/** Everything that this SDK throws by itself. `code` is stable: decide by it, not by the message. */
export declare class SbaError extends Error {
    readonly code: string;
    constructor(code: string, message: string, options?: ErrorOptions);
}
/** One field of a request that could not be used. */
export interface FieldProblem {
    readonly field: string;
    readonly problem: string;
}
/** An answer of the API that is not a success. Its codes are those of docs/errors.md. */
export declare class ApiError extends SbaError {
    readonly status: number;
    /** What an operator finds in the logs. */
    readonly requestId: string | undefined;
    readonly details: readonly FieldProblem[];
    /** After how long the server invites to ask again, in milliseconds. */
    readonly retryAfterMs: number | undefined;
    constructor(answer: {
        status: number;
        code: string;
        message: string;
        requestId?: string | undefined;
        details?: readonly FieldProblem[] | undefined;
        retryAfterMs?: number | undefined;
    });
}
/** The server could not be reached, or did not answer in time. Codes: `unreachable`, `timeout`. */
export declare class ConnectionError extends SbaError {
}
/** A stream that was given up for good. `code` is the server's reason, or `order_broken`, `protocol_error`, `retries_exhausted`. */
export declare class StreamError extends SbaError {
    /** The close code of the WebSocket, where one said so. */
    readonly closeCode: number | undefined;
    constructor(code: string, message: string, options?: ErrorOptions & {
        closeCode?: number | undefined;
    });
}
/** The server's answer to a message of a session's stream: it was not done. */
export declare class RejectedError extends SbaError {
}
/** Bytes that are no message of the protocol. */
export declare class DecodeError extends SbaError {
    constructor(message: string);
}
