import { DecodeError } from "../errors.js";
import { asMessage, type ServerMessage } from "../events/message.js";
import { errorOf } from "../http/answer.js";
import { urlOf, type Connection } from "../http/config.js";
import { abortReason, anySignal } from "../util/abort.js";
import { afterFailure, Interrupted } from "./advice.js";
import { SseParser } from "./sse-parser.js";
import type { Transport, Watch } from "./transport.js";

export interface SseTiming {
  /** Longest wait for the answer, and for the first bytes of it: a proxy that keeps them back is found out so. */
  readonly openMs: number;
  /** Longest silence; the server says something every 20 seconds. */
  readonly idleMs: number;
}

export const DEFAULT_SSE: SseTiming = { openMs: 10_000, idleMs: 60_000 };

/** Watches by server-sent events, read with `fetch`: an `EventSource` can send no token. */
export class SseTransport implements Transport {
  readonly name = "sse";
  readonly #connection: Connection;
  readonly #timing: SseTiming;

  constructor(connection: Connection, timing: SseTiming = DEFAULT_SSE) {
    this.#connection = connection;
    this.#timing = timing;
  }

  async *watch(watch: Watch): AsyncGenerator<ServerMessage> {
    const watchdog = new Watchdog(this.#timing.openMs);
    const signal = anySignal(watch.signal, watchdog.signal);
    try {
      const response = await this.#ask(watch, signal);
      // Nothing will follow: the run has ended, and the client has everything.
      if (response.status === 204 || !response.body) return watch.opened();
      yield* this.#read(response.body, watch, watchdog);
    } catch (error) {
      if (watch.signal.aborted) throw abortReason(watch.signal);
      if (error instanceof Interrupted) throw error;
      if (error instanceof DecodeError) throw new Interrupted({ kind: "fatal", cause: error });
      throw Interrupted.cut("the stream of events was cut off", { cause: error });
    } finally {
      watchdog.stop();
    }
  }

  async #ask(watch: Watch, signal: AbortSignal): Promise<Response> {
    const token = await this.#connection.tokens.get();
    const headers = new Headers({ accept: "text/event-stream", authorization: `Bearer ${token}` });
    if (watch.after > 0) headers.set("last-event-id", String(watch.after));
    if (watch.sessionToken !== undefined) headers.set("x-session-token", watch.sessionToken);
    const url = urlOf(this.#connection.baseUrl, `/runs/${encodeURIComponent(watch.run)}/events`);
    const response = await this.#connection.fetch(url, { headers, signal, cache: "no-store", credentials: "omit" });
    if (response.ok) return response;
    const advice = afterFailure(await errorOf(response));
    throw advice.kind === "ended" ? Interrupted.cut("refused") : new Interrupted(advice);
  }

  async *#read(body: ReadableStream<Uint8Array<ArrayBuffer>>, watch: Watch, watchdog: Watchdog): AsyncGenerator<ServerMessage> {
    const reader = body.getReader();
    const text = new TextDecoder();
    const parser = new SseParser();
    let opened = false;
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        if (!opened) watch.opened();
        opened = true;
        // A reader that takes its time is not the server's silence.
        watchdog.stop();
        for (const event of parser.push(text.decode(value, { stream: true }))) yield asMessage(parse(event.data));
        watchdog.start(this.#timing.idleMs);
      }
    } finally {
      // Also when the reader of this generator leaves early: the connection must not stay open.
      await reader.cancel().catch(() => {});
    }
    throw Interrupted.cut("the stream of events ended before the run did");
  }
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    throw new DecodeError("an event is no JSON");
  }
}

/** Aborts what is silent for too long. */
class Watchdog {
  readonly #controller = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(ms: number) {
    this.start(ms);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  start(ms: number): void {
    this.stop();
    this.#timer = setTimeout(() => this.#controller.abort(), ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
