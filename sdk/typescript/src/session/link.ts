import type { CodecName } from "../codec/codec.js";
import type { ServerMessage } from "../events/message.js";
import type { Connection } from "../http/config.js";
import { afterFailure, Interrupted, type Advice } from "../stream/advice.js";
import { Channel, type ChannelTarget, type ChannelTiming } from "../stream/channel.js";
import { Pause } from "../stream/pause.js";
import type { ConnectionState } from "../stream/state.js";
import type { WebSocketClass } from "../stream/websocket-like.js";
import { Backoff, type BackoffOptions } from "../util/backoff.js";

export interface LinkSettings {
  readonly session: string;
  readonly sessionToken: string | undefined;
  readonly webSocket: WebSocketClass | undefined;
  readonly codec: CodecName;
  readonly timing: ChannelTiming;
  readonly backoff: BackoffOptions;
  readonly onState?: ((state: ConnectionState) => void) | undefined;
}

/** What is told of a link. */
export interface LinkListener {
  opened(channel: Channel): void;
  /** The channel is gone; another may follow. */
  cut(): void;
  message(message: ServerMessage): void;
  /** No WebSocket was ever had, and none will be tried again. */
  impossible(): void;
}

/** Handshakes in a row that may fail where none has ever succeeded. */
const PATIENCE = 3;

/** Keeps a WebSocket to a session's stream open: one after another, until there is nothing to come back for. */
export class SessionLink {
  readonly #target: ChannelTarget | undefined;
  readonly #listener: LinkListener;
  readonly #signal: AbortSignal;
  readonly #state: (state: ConnectionState) => void;
  readonly #backoff: Backoff;
  readonly #pause: Pause;
  #proven = false;

  constructor(connection: Connection, settings: LinkSettings, signal: AbortSignal, listener: LinkListener) {
    const { webSocket, codec, timing, sessionToken, session } = settings;
    const path = `/sessions/${encodeURIComponent(session)}/stream`;
    this.#target = webSocket && { connection, webSocket, codec, timing, sessionToken, path };
    this.#listener = listener;
    this.#signal = signal;
    this.#state = settings.onState ?? ((): void => {});
    this.#backoff = new Backoff(settings.backoff);
    this.#pause = new Pause({ backoff: this.#backoff, tokens: connection.tokens, signal, state: this.#state });
  }

  /** Never returns while there is something to come back for, or the fall-back has taken over. */
  async run(): Promise<Error | undefined> {
    for (;;) {
      const advice = await this.#connection();
      if (advice.kind === "ended") return undefined;
      if (!this.#proven && advice.kind === "again" && this.#backoff.failures + 1 >= PATIENCE) {
        this.#listener.impossible();
        return new Promise(() => {});
      }
      await this.#pause.before(advice, false);
    }
  }

  /** One connection, from its opening to its end. */
  async #connection(): Promise<Advice> {
    this.#state({ phase: "connecting", transport: "websocket", attempt: this.#backoff.failures + 1 });
    let closed: (advice: Advice) => void = () => {};
    const end = new Promise<Advice>((resolve) => (closed = resolve));
    try {
      const listener = { message: (message: ServerMessage): void => this.#hear(message), closed };
      const channel = await Channel.open(this.#target as ChannelTarget, listener, this.#signal);
      this.#proven = true;
      this.#state({ phase: "open", transport: "websocket" });
      this.#listener.opened(channel);
      return await end;
    } catch (error) {
      return error instanceof Interrupted ? error.advice : afterFailure(error);
    } finally {
      this.#listener.cut();
    }
  }

  #hear(message: ServerMessage): void {
    // The server speaks, so the connection was worth its while.
    this.#pause.progress();
    this.#listener.message(message);
  }
}
