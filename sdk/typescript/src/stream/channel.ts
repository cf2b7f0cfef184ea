import { confirmed, offered, type Codec, type CodecName } from "../codec/codec.js";
import { DecodeError } from "../errors.js";
import { asMessage, type ServerMessage } from "../events/message.js";
import { urlOf, type Connection, type Query } from "../http/config.js";
import { abortReason } from "../util/abort.js";
import { afterClose, Interrupted, type Advice } from "./advice.js";
import { Keeper } from "./keeper.js";
import type { WebSocketClass, WebSocketLike } from "./websocket-like.js";

/** What a WebSocket is opened with. */
export interface ChannelTarget {
  readonly connection: Connection;
  readonly webSocket: WebSocketClass;
  readonly codec: CodecName;
  /** Below `/api/v1`. */
  readonly path: string;
  readonly query?: Query;
  readonly sessionToken?: string | undefined;
  readonly timing: ChannelTiming;
}

export interface ChannelTiming {
  /** Longest wait for the handshake. */
  readonly openMs: number;
  /** Silence after which the server is asked whether it is there, and again after which it is not. */
  readonly idleMs: number;
}

export const DEFAULT_TIMING: ChannelTiming = { openMs: 10_000, idleMs: 30_000 };

/** What is heard of a channel. */
export interface ChannelListener {
  message(message: ServerMessage): void;
  /** Once, at the end. */
  closed(advice: Advice): void;
}

const OPEN = 1;

/** One open WebSocket that speaks the protocol. It keeps itself alive and its token fresh; it does not come back. */
export class Channel {
  readonly #socket: WebSocketLike;
  readonly #keeper: Keeper;
  #codec: Codec | undefined;
  #listener: ChannelListener | undefined;

  /**
   * Opens one.
   * @throws Interrupted when that fails. A browser does not tell a refusal from a dead network, so neither does this.
   */
  static async open(target: ChannelTarget, listener: ChannelListener, signal: AbortSignal): Promise<Channel> {
    if (signal.aborted) throw abortReason(signal);
    const token = await target.connection.tokens.get();
    const socket = new target.webSocket(addressOf(target), subprotocolsOf(target, token));
    socket.binaryType = "arraybuffer";
    // It listens from the start: the first messages may come together with the handshake.
    const channel = new Channel(socket, target, token, listener);
    try {
      await opened(socket, target.timing.openMs, signal);
    } catch (error) {
      channel.close();
      throw error;
    }
    return channel;
  }

  private constructor(socket: WebSocketLike, target: ChannelTarget, token: string, listener: ChannelListener) {
    this.#socket = socket;
    this.#listener = listener;
    this.#keeper = new Keeper({
      tokens: target.connection.tokens,
      token,
      sessionToken: target.sessionToken,
      idleMs: target.timing.idleMs,
      send: (message) => this.send(message),
      dead: () => this.#finish(afterClose(1006, "")),
    });
    socket.addEventListener("message", (event) => this.#hear(event.data));
    socket.addEventListener("close", (event) => this.#finish(afterClose(event.code, event.reason)));
  }

  /** The codec that was agreed on. */
  get codec(): CodecName {
    return this.#agreed().name;
  }

  /** Hands a message to the network; false if there is none any more. */
  send(message: object): boolean {
    if (!this.#listener || this.#socket.readyState !== OPEN) return false;
    this.#socket.send(this.#agreed().encode(message));
    return true;
  }

  /** Ends it from here; the listener hears nothing more. */
  close(): void {
    this.#listener = undefined;
    this.#keeper.stop();
    this.#socket.close(1000);
  }

  #hear(data: unknown): void {
    if (!this.#listener) return;
    try {
      const message = asMessage(this.#agreed().decode(textOrBytes(data)));
      if (!this.#keeper.hear(message)) this.#listener.message(message);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      // A server that cannot be understood now will not be understood later.
      this.#finish({ kind: "fatal", cause: error });
    }
  }

  /** Known once the socket is open. */
  #agreed(): Codec {
    this.#codec ??= confirmed(this.#socket.protocol);
    return this.#codec;
  }

  #finish(advice: Advice): void {
    const listener = this.#listener;
    this.close();
    listener?.closed(advice);
  }
}

function textOrBytes(data: unknown): string | Uint8Array {
  if (typeof data === "string") return data;
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (data instanceof Uint8Array) return data;
  throw new DecodeError("a message is neither text nor bytes");
}

function addressOf(target: ChannelTarget): string {
  return urlOf(target.connection.baseUrl, target.path, target.query).replace(/^http/, "ws");
}

/** The codecs and, since a browser can set no headers, the tokens. They are never part of the address: addresses are logged. */
function subprotocolsOf(target: ChannelTarget, token: string): string[] {
  const codecs = offered(target.codec).map((codec) => codec.subprotocol);
  const session = target.sessionToken === undefined ? [] : [`sba.session.${target.sessionToken}`];
  return [...codecs, `sba.bearer.${token}`, ...session];
}

function opened(socket: WebSocketLike, patienceMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const give = (error?: Error): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      if (error) reject(error);
      else resolve();
    };
    const abort = (): void => give(abortReason(signal));
    const timer = setTimeout(() => give(Interrupted.cut("the WebSocket did not open in time")), patienceMs);
    signal.addEventListener("abort", abort, { once: true });
    socket.addEventListener("open", () => give());
    socket.addEventListener("error", () => give(Interrupted.cut("the WebSocket could not be opened")));
    socket.addEventListener("close", () => give(Interrupted.cut("the WebSocket was closed before it opened")));
  });
}
