import { type BackoffOptions } from "../util/backoff.js";
import { type Connection, type Query } from "./config.js";
/** One request of the API. */
export interface ApiRequest {
    readonly method: "GET" | "POST" | "PATCH" | "DELETE";
    /** Below `/api/v1`, e.g. `/runs`. */
    readonly path: string;
    readonly query?: Query | undefined;
    /** Sent as JSON; a form is sent as it is. */
    readonly body?: unknown;
    readonly headers?: Readonly<Record<string, string>> | undefined;
    /** For what creates something or commands: under it the request can be sent again without harm. */
    readonly idempotencyKey?: string | undefined;
    readonly signal?: AbortSignal | undefined;
}
/** What a caller may say about any request. */
export interface CallOptions {
    readonly signal?: AbortSignal;
}
/** The same for what creates something. Without a key the SDK makes one, so that it can ask again by itself. */
export interface KeyedCallOptions extends CallOptions {
    readonly idempotencyKey?: string;
}
export interface HttpOptions {
    /** Longest wait for the head of one answer. */
    readonly timeoutMs: number;
    readonly retry: BackoffOptions;
}
export declare const DEFAULT_HTTP: HttpOptions;
/** REST calls: with the token, asked again where that is safe, failures as {@link ApiError}. */
export declare class Http {
    #private;
    readonly connection: Connection;
    constructor(connection: Connection, options?: HttpOptions);
    /** The JSON of the answer; undefined where there is none. */
    json<Answer>(request: ApiRequest): Promise<Answer>;
    /** A request that creates something. */
    create<Answer>(path: string, body: unknown, options?: KeyedCallOptions): Promise<Answer>;
    get<Answer>(path: string, query?: Query, options?: CallOptions): Promise<Answer>;
    /** The answer itself, if it is a success. */
    send(request: ApiRequest): Promise<Response>;
}
