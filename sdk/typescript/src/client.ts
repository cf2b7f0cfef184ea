import { Artifacts } from "./api/artifacts.js";
import { Documents } from "./api/documents.js";
import { Runs } from "./api/runs.js";
import { Schedules } from "./api/schedules.js";
import { Sessions } from "./api/sessions.js";
import { Tasks } from "./api/tasks.js";
import type { CreateTenant, ExecuteTool, Executing, TenantView } from "./api/types.js";
import type { CodecName } from "./codec/codec.js";
import { DEFAULT_HTTP, Http, type HttpOptions, type KeyedCallOptions } from "./http/http.js";
import { TokenSource, type TokenProvider } from "./http/token.js";
import { DEFAULT_TIMING, type ChannelTiming } from "./stream/channel.js";
import { DEFAULT_CAPACITY, type StreamSettings } from "./stream/run-stream.js";
import { DEFAULT_SSE, type SseTiming } from "./stream/sse.js";
import type { TransportName } from "./stream/transport.js";
import { platformWebSocket, type WebSocketClass } from "./stream/websocket-like.js";
import { DEFAULT_SHARED, type SharedTiming } from "./tabs/shared.js";
import { DEFAULT_BACKOFF, type BackoffOptions } from "./util/backoff.js";

/** What a client is made with. Only the address and the token are needed. */
export interface ClientOptions {
  /** Of a gateway, e.g. `https://sba.example`. */
  readonly baseUrl: string;
  /** A JWT, or a function that gives one. Only with a function can a token be renewed. */
  readonly token: TokenProvider;
  /** How to watch, best first. Each is passed over where it does not work. */
  readonly transports?: readonly TransportName[];
  /** How messages are written on a WebSocket. A server that does not know it is spoken to in JSON. */
  readonly codec?: CodecName;
  /** Whether tabs of one browser share the connection of a run; on where the browser can. */
  readonly shared?: boolean;
  /** Pauses between attempts to come back; without end by default. */
  readonly reconnect?: Partial<BackoffOptions>;
  /** The class for WebSockets where the platform has none, such as that of the package `ws`. */
  readonly webSocket?: WebSocketClass;
  readonly fetch?: typeof globalThis.fetch;
  readonly http?: Partial<HttpOptions>;
  readonly timing?: {
    readonly websocket?: Partial<ChannelTiming>;
    readonly sse?: Partial<SseTiming>;
    readonly tabs?: Partial<SharedTiming>;
  };
  /** Messages that are kept for a reader that is slow, before the stream is cut and resumed. */
  readonly capacity?: number;
}

/** A client of SBA, for one user of one tenant. */
export class SbaClient {
  readonly runs: Runs;
  readonly sessions: Sessions;
  readonly artifacts: Artifacts;
  readonly documents: Documents;
  readonly tasks: Tasks;
  readonly schedules: Schedules;
  readonly #http: Http;

  constructor(options: ClientOptions) {
    const connection = {
      baseUrl: addressOf(options.baseUrl),
      tokens: new TokenSource(options.token),
      // Called as a method, a browser's `fetch` refuses.
      fetch: options.fetch ?? ((input: RequestInfo | URL, init?: RequestInit) => globalThis.fetch(input, init)),
    };
    this.#http = new Http(connection, { ...DEFAULT_HTTP, ...options.http });
    const settings = settingsOf(options);
    this.runs = new Runs(this.#http, settings);
    this.sessions = new Sessions(this.#http, settings);
    this.artifacts = new Artifacts(this.#http);
    this.documents = new Documents(this.#http);
    this.tasks = new Tasks(this.#http);
    this.schedules = new Schedules(this.#http);
  }

  /** Makes one tool call without a model. The run that it names ends with the call. */
  executeTool(call: ExecuteTool, options: KeyedCallOptions = {}): Promise<Executing> {
    return this.#http.create("/tools/execute", call, options);
  }

  /** Makes a tenant; for operators. */
  createTenant(tenant: CreateTenant, options: KeyedCallOptions = {}): Promise<TenantView> {
    return this.#http.create("/tenants", tenant, options);
  }
}

/** An address without a slash at its end. What is none is told here, and not as a server that cannot be reached. */
function addressOf(baseUrl: string | undefined): string {
  if (baseUrl === undefined || !/^https?:\/\/[^/]/.test(baseUrl) || !URL.canParse(baseUrl)) {
    throw new TypeError(`baseUrl is no address of a gateway: ${String(baseUrl)}`);
  }
  return baseUrl.replace(/\/+$/, "");
}

function settingsOf(options: ClientOptions): StreamSettings {
  return {
    transports: options.transports ?? ["websocket", "sse", "polling"],
    webSocket: options.webSocket ?? platformWebSocket(),
    codec: options.codec ?? "json",
    backoff: { ...DEFAULT_BACKOFF, ...options.reconnect },
    shared: options.shared ?? true,
    channel: { ...DEFAULT_TIMING, ...options.timing?.websocket },
    sse: { ...DEFAULT_SSE, ...options.timing?.sse },
    tabs: { ...DEFAULT_SHARED, ...options.timing?.tabs },
    capacity: options.capacity ?? DEFAULT_CAPACITY,
  };
}
