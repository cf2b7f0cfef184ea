import type { CodecName } from "../codec/codec.js";
import { StreamError } from "../errors.js";
import type { ServerMessage } from "../events/message.js";
import type { Connection } from "../http/config.js";
import { BoundedQueue } from "../util/queue.js";
import { Interrupted, type Advice } from "./advice.js";
import { Channel, type ChannelTiming } from "./channel.js";
import type { Transport, Watch } from "./transport.js";
import type { WebSocketClass } from "./websocket-like.js";

export interface WebSocketTransportOptions {
  readonly webSocket: WebSocketClass;
  readonly codec: CodecName;
  readonly timing: ChannelTiming;
  /** Messages that are kept for a reader that is slow. */
  readonly capacity: number;
}

/** Watches over a WebSocket. */
export class WebSocketTransport implements Transport {
  readonly name = "websocket";
  readonly #connection: Connection;
  readonly #options: WebSocketTransportOptions;

  constructor(connection: Connection, options: WebSocketTransportOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  async *watch(watch: Watch): AsyncGenerator<ServerMessage> {
    const queue = new BoundedQueue<ServerMessage>(this.#options.capacity);
    const channel = await this.#open(watch, queue);
    try {
      watch.opened();
      for (let message = await queue.next(); message; message = await queue.next()) yield message;
    } finally {
      channel.close();
    }
  }

  async #open(watch: Watch, queue: BoundedQueue<ServerMessage>): Promise<Channel> {
    // A WebSocket cannot be told to wait. A reader that falls too far behind reads what it has, and then comes back for the rest.
    const overflow = (): void => {
      const cause = new StreamError("too_slow", "the reader is slower than the stream");
      queue.end(new Interrupted({ kind: "again", pause: "none", cause }));
      opened?.close();
    };
    let opened: Channel | undefined;
    const target = {
      ...this.#options,
      connection: this.#connection,
      path: `/runs/${encodeURIComponent(watch.run)}/stream`,
      query: positionOf(watch),
      sessionToken: watch.sessionToken,
    };
    const listener = {
      message: (message: ServerMessage): void => {
        if (!queue.push(message)) overflow();
      },
      closed: (advice: Advice): void =>
        queue.end(advice.kind === "ended" ? undefined : new Interrupted(advice)),
    };
    opened = await Channel.open(target, listener, watch.signal);
    watch.signal.addEventListener("abort", () => queue.end(watch.signal.reason as Error), { once: true });
    return opened;
  }
}

/** Where a stream begins: a snapshot without a position is the run as it stands now. */
function positionOf({ after, from }: Watch): { after?: number; from?: "snapshot" } {
  if (from === "history") return { after };
  return after === 0 ? { from } : { after, from };
}
