import type { CodecName } from "../codec/codec.js";
import { StreamError } from "../errors.js";
import type { RunMessage } from "../events/event.js";
import { asRunMessage } from "../events/message.js";
import type { Http } from "../http/http.js";
import { sharedName } from "../tabs/name.js";
import { tabsPlatform } from "../tabs/platform.js";
import { DEFAULT_SHARED, shared, type SharedTiming } from "../tabs/shared.js";
import type { BackoffOptions } from "../util/backoff.js";
import type { ChannelTiming } from "./channel.js";
import { follow } from "./follow.js";
import { PollingTransport } from "./polling.js";
import { SseTransport, type SseTiming } from "./sse.js";
import type { ConnectionState } from "./state.js";
import type { Transport, TransportName } from "./transport.js";
import type { WebSocketClass } from "./websocket-like.js";
import { WebSocketTransport } from "./websocket.js";

/** What a caller may say about watching a run. */
export interface StreamOptions {
  /** The last event that the caller has: the stream begins behind it. 0, the default, is the beginning. */
  readonly after?: number;
  /** `snapshot` begins with the run as it stands instead of its history, where the transport has that. */
  readonly from?: "history" | "snapshot";
  readonly signal?: AbortSignal;
  /** Whether tabs of one browser share a connection, where it can do so. */
  readonly shared?: boolean;
  /** Hears of connections, losses and returns. */
  readonly onState?: (state: ConnectionState) => void;
}

/** How a client watches, by its configuration. */
export interface StreamSettings {
  readonly transports: readonly TransportName[];
  readonly webSocket: WebSocketClass | undefined;
  readonly codec: CodecName;
  readonly backoff: BackoffOptions;
  readonly shared: boolean;
  readonly channel: ChannelTiming;
  readonly sse: SseTiming;
  readonly tabs: SharedTiming;
  /** Messages that are kept for a reader that is slow. */
  readonly capacity: number;
}

export const DEFAULT_CAPACITY = 8192;

/** Every message of a run once and in order, until its end. */
export async function* streamRun(
  http: Http,
  settings: StreamSettings,
  run: string,
  sessionToken: string | undefined,
  options: StreamOptions,
): AsyncGenerator<RunMessage, void> {
  // Whoever leaves the loop early leaves connections and other tabs too.
  const left = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
  const state = options.onState ?? ((): void => {});
  const { baseUrl, tokens } = http.connection;
  const own = (after: number, ownSignal: AbortSignal): AsyncGenerator<RunMessage, void> =>
    follow({
      run, after, from: options.from ?? "history", sessionToken, tokens, state, signal: ownSignal,
      transports: transportsOf(http, settings), backoff: settings.backoff,
    });
  const platform = (options.shared ?? settings.shared) ? tabsPlatform() : undefined;
  const after = options.after ?? 0;
  try {
    if (!platform) return yield* own(after, signal);
    const { tenant_id: tenant, user_id: user } = await tokens.claims();
    const name = await sharedName({ baseUrl, tenant, user, sessionToken, run }, platform);
    const history = (from: number): Promise<History> => readHistory(http, run, sessionToken, from, signal);
    yield* shared({ name, run, after, platform, signal, own, history, state, timing: settings.tabs ?? DEFAULT_SHARED });
  } finally {
    left.abort();
  }
}

function transportsOf(http: Http, settings: StreamSettings): Transport[] {
  const { webSocket, codec, channel, capacity, sse } = settings;
  const make: Record<TransportName, () => Transport | undefined> = {
    websocket: () => webSocket && new WebSocketTransport(http.connection, { webSocket, codec, timing: channel, capacity }),
    sse: () => new SseTransport(http.connection, sse),
    polling: () => new PollingTransport(http),
  };
  return settings.transports.map((name) => make[name]()).filter((transport) => transport !== undefined);
}

interface History {
  readonly messages: RunMessage[];
  readonly ended: boolean;
}

/** What is there now: pages of the log until one brings nothing new. */
async function readHistory(http: Http, run: string, sessionToken: string | undefined, after: number, signal: AbortSignal): Promise<History> {
  const messages: RunMessage[] = [];
  const headers = sessionToken === undefined ? undefined : { "x-session-token": sessionToken };
  for (;;) {
    const query = { after, wait_ms: 0 };
    const page = await http.json<{ events: unknown[]; after: number; ended: boolean }>({
      method: "GET", path: `/runs/${encodeURIComponent(run)}/events`, query, headers, signal,
    });
    for (const event of page.events) {
      const message = asRunMessage(event as Parameters<typeof asRunMessage>[0]);
      if (message) messages.push(message);
    }
    if (page.ended || page.events.length === 0) return { messages, ended: page.ended };
    if (page.after <= after) throw new StreamError("protocol_error", "the log does not move on");
    after = page.after;
  }
}
