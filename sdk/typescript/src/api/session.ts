import type { Http, KeyedCallOptions } from "../http/http.js";
import { DEFAULT_BACKOFF } from "../util/backoff.js";
import type { ConnectionState } from "../stream/state.js";
import { streamRun, type StreamSettings } from "../stream/run-stream.js";
import type { ClientMessage } from "../session/outbox.js";
import { SessionStream, type Fallback } from "../session/session-stream.js";
import { Run } from "./run.js";
import type { StartRun, Started } from "./types.js";

/** What a caller may say about a session's stream. */
export interface SessionStreamOptions {
  readonly onState?: (state: ConnectionState) => void;
  /** Most messages that wait for the connection. */
  readonly outbox?: number;
  /** The pace of messages: the server takes 20 a second, and five times as many at once. */
  readonly messagesPerSecond?: number;
  readonly burst?: number;
}

/** Below what the server takes, so that clocks that differ a little do no harm. */
const PACE = { messagesPerSecond: 15, burst: 60 };
const OUTBOX = 256;

/** A session: runs that only those can watch who have its token. */
export class Session {
  readonly id: string;
  readonly token: string | undefined;
  readonly #http: Http;
  readonly #settings: StreamSettings;

  constructor(http: Http, settings: StreamSettings, id: string, token: string | undefined) {
    this.#http = http;
    this.#settings = settings;
    this.id = id;
    this.token = token;
  }

  /** Starts a run that belongs to this session. */
  async start(run: Omit<StartRun, "session_id">, options: KeyedCallOptions = {}): Promise<Run> {
    const started: Started = await this.#http.create("/runs", { ...run, session_id: this.id }, options);
    return this.run(started.run_id, started);
  }

  /** A run of this session. */
  run(id: string, started?: Started): Run {
    return new Run(this.#http, this.#settings, id, { sessionToken: this.token, ...(started ? { started } : {}) });
  }

  /** Opens one socket for many runs. It connects when it is first used. */
  stream(options: SessionStreamOptions = {}): SessionStream {
    const { webSocket, codec, channel, capacity, backoff, transports } = this.#settings;
    return new SessionStream(
      this.#http.connection,
      {
        session: this.id,
        sessionToken: this.token,
        webSocket: transports.includes("websocket") ? webSocket : undefined,
        codec,
        timing: channel,
        backoff: backoff ?? DEFAULT_BACKOFF,
        capacity,
        outbox: options.outbox ?? OUTBOX,
        messagesPerSecond: options.messagesPerSecond ?? PACE.messagesPerSecond,
        burst: options.burst ?? PACE.burst,
        onState: options.onState,
      },
      this.#fallback(),
    );
  }

  #fallback(): Fallback {
    // The WebSocket has been tried, and did not open.
    const settings = { ...this.#settings, transports: this.#settings.transports.filter((name) => name !== "websocket") };
    return {
      watch: (run, { after, from, signal }) =>
        streamRun(this.#http, settings, run, this.token, {
          ...(after === undefined ? {} : { after }),
          ...(from === undefined ? {} : { from }),
          ...(signal === undefined ? {} : { signal }),
        }),
      command: (message) => this.#http.create(commandPath(message), commandBody(message), { idempotencyKey: message.id }),
    };
  }
}

function commandPath({ run, type }: ClientMessage): string {
  return `/runs/${encodeURIComponent(run)}/${type === "input" ? "continue" : type}`;
}

function commandBody({ type, ask_id, input, reason }: ClientMessage): object {
  if (type === "input") return { ask_id, input };
  return type === "cancel" ? { reason } : {};
}
