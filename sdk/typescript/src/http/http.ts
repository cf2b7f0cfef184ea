import { ApiError, ConnectionError } from "../errors.js";
import { abortReason, anySignal } from "../util/abort.js";
import { Backoff, type BackoffOptions } from "../util/backoff.js";
import { randomId } from "../util/random.js";
import { sleep } from "../util/sleep.js";
import { errorOf } from "./answer.js";
import { urlOf, type Connection, type Query } from "./config.js";

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

export const DEFAULT_HTTP: HttpOptions = { timeoutMs: 60_000, retry: { minMs: 200, maxMs: 5_000, maxAttempts: 4 } };

/** REST calls: with the token, asked again where that is safe, failures as {@link ApiError}. */
export class Http {
  readonly connection: Connection;
  readonly #options: HttpOptions;

  constructor(connection: Connection, options: HttpOptions = DEFAULT_HTTP) {
    this.connection = connection;
    this.#options = options;
  }

  /** The JSON of the answer; undefined where there is none. */
  async json<Answer>(request: ApiRequest): Promise<Answer> {
    const response = await this.send(request);
    const text = await response.text();
    return (text === "" ? undefined : JSON.parse(text)) as Answer;
  }

  /** A request that creates something. */
  create<Answer>(path: string, body: unknown, options: KeyedCallOptions = {}): Promise<Answer> {
    const idempotencyKey = options.idempotencyKey ?? randomId();
    return this.json({ method: "POST", path, body, idempotencyKey, signal: options.signal });
  }

  get<Answer>(path: string, query?: Query, options: CallOptions = {}): Promise<Answer> {
    return this.json({ method: "GET", path, query, signal: options.signal });
  }

  /** The answer itself, if it is a success. */
  async send(request: ApiRequest): Promise<Response> {
    const backoff = new Backoff(this.#options.retry);
    let renewed = false;
    for (;;) {
      const token = await this.connection.tokens.get();
      const failure = await this.#attempt(request, token);
      if (failure instanceof Response) return failure;
      if (failure instanceof ApiError && failure.code === "token_expired" && this.connection.tokens.renewable && !renewed) {
        renewed = true;
        await this.connection.tokens.renew(token);
        continue;
      }
      const pause = mayRepeat(request, failure) ? backoff.next() : undefined;
      if (pause === undefined) throw failure;
      const asked = failure instanceof ApiError ? (failure.retryAfterMs ?? 0) : 0;
      await sleep(Math.max(pause, asked), request.signal);
    }
  }

  async #attempt(request: ApiRequest, token: string): Promise<Response | ApiError | ConnectionError> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), this.#options.timeoutMs);
    try {
      const url = urlOf(this.connection.baseUrl, request.path, request.query);
      const signal = anySignal(request.signal, timeout.signal);
      const response = await this.connection.fetch(url, { ...initOf(request, token), signal });
      return response.ok ? response : await errorOf(response);
    } catch (error) {
      if (request.signal?.aborted) throw abortReason(request.signal);
      if (timeout.signal.aborted) return new ConnectionError("timeout", "the server did not answer in time");
      return new ConnectionError("unreachable", "the server cannot be reached", { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** The head and body of a request. */
function initOf(request: ApiRequest, token: string): RequestInit {
  const headers = new Headers(request.headers);
  headers.set("authorization", `Bearer ${token}`);
  if (request.idempotencyKey !== undefined) headers.set("idempotency-key", request.idempotencyKey);
  const init: RequestInit = { method: request.method, headers, credentials: "omit", cache: "no-store" };
  if (request.body instanceof FormData) init.body = request.body;
  else if (request.body !== undefined) {
    headers.set("content-type", "application/json");
    init.body = JSON.stringify(request.body);
  }
  return init;
}

/** Whether sending a request again can do no harm: it changes nothing, it has a key, or the server says that it did nothing. */
function mayRepeat(request: ApiRequest, failure: ApiError | ConnectionError): boolean {
  const harmless = request.method === "GET" || request.idempotencyKey !== undefined;
  if (failure instanceof ConnectionError) return harmless;
  if (failure.status === 429 || failure.code === "overloaded") return true;
  return harmless && (failure.status === 502 || failure.status === 503 || failure.status === 504);
}
