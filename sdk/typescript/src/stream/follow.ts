import { ApiError, StreamError, type SbaError } from "../errors.js";
import type { RunMessage } from "../events/event.js";
import { asRunMessage } from "../events/message.js";
import { Order } from "../events/order.js";
import { isLast } from "../events/terminal.js";
import type { TokenSource } from "../http/token.js";
import { abortReason } from "../util/abort.js";
import { Backoff, type BackoffOptions } from "../util/backoff.js";
import { onOnline } from "../util/online.js";
import { sleep } from "../util/sleep.js";
import { Interrupted } from "./advice.js";
import { Ladder } from "./ladder.js";
import type { ConnectionState } from "./state.js";
import type { Transport } from "./transport.js";

/** What a run is followed with. */
export interface FollowOptions {
  readonly run: string;
  readonly after: number;
  readonly from: "history" | "snapshot";
  readonly sessionToken?: string | undefined;
  readonly transports: readonly Transport[];
  readonly tokens: TokenSource;
  readonly backoff: BackoffOptions;
  readonly signal: AbortSignal;
  state(state: ConnectionState): void;
}

/** How often in a row a hole or a refused token is met, without progress, before it is given up. */
const MAX_HOLES = 3;
const MAX_RENEWALS = 2;

/** Every message of a run once and in order, whatever becomes of connections in between. */
export async function* follow(options: FollowOptions): AsyncGenerator<RunMessage, void> {
  const follower = new Follower(options);
  try {
    for (;;) {
      const ended = yield* follower.connection();
      if (ended) break;
      await follower.pause();
    }
    options.state({ phase: "closed" });
  } catch (error) {
    if (error instanceof StreamError) options.state({ phase: "closed", cause: error });
    throw error;
  }
}

class Follower {
  readonly #options: FollowOptions;
  readonly #order: Order;
  readonly #ladder: Ladder;
  readonly #backoff: Backoff;
  #holes = 0;
  #renewals = 0;
  #interrupted: Interrupted | undefined;
  #opened = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#order = new Order(options.after);
    this.#ladder = new Ladder(options.transports);
    this.#backoff = new Backoff(options.backoff);
  }

  /** The messages of one connection; returns whether the run is over. */
  async *connection(): AsyncGenerator<RunMessage, boolean> {
    const { run, from, sessionToken, signal, state } = this.#options;
    const transport = this.#ladder.current;
    this.#opened = false;
    this.#interrupted = undefined;
    state({ phase: "connecting", transport: transport.name, attempt: this.#backoff.failures + 1 });
    const opened = (): void => {
      if (!this.#opened) state({ phase: "open", transport: transport.name });
      this.#opened = true;
      this.#ladder.opened();
    };
    try {
      for await (const raw of transport.watch({ run, after: this.#order.seq, from, sessionToken, signal, opened })) {
        const message = asRunMessage(raw);
        if (!message || message.run !== run || !this.#accept(message)) continue;
        yield message;
        if (isLast(message)) return true;
      }
      return true;
    } catch (error) {
      if (signal.aborted) throw abortReason(signal);
      if (!(error instanceof Interrupted)) throw error;
      this.#interrupted = error;
      return false;
    }
  }

  /** Waits until it is time for the next connection. */
  async pause(): Promise<void> {
    const advice = (this.#interrupted as Interrupted).advice;
    if (advice.kind === "fatal") throw given(advice.cause);
    if (advice.kind === "renew") await this.#renew(advice.cause);
    const refused = advice.cause instanceof ApiError;
    if (refused) this.#ladder.restart();
    const untried = !this.#opened && !refused && this.#ladder.failed();
    const free = this.#backoff.failures === 0 && advice.kind === "again" && advice.pause === "none";
    const delay = this.#backoff.next();
    if (delay === undefined) {
      throw new StreamError("retries_exhausted", "the stream was cut off too often", { cause: advice.cause });
    }
    if (untried || free || (advice.kind === "renew" && this.#renewals === 1)) return;
    const retryInMs = Math.max(delay, advice.kind === "again" ? (advice.atLeastMs ?? 0) : 0);
    await this.#wait(retryInMs, advice.cause);
  }

  #accept(message: RunMessage): boolean {
    const verdict = this.#order.take(message);
    if (verdict === "next") {
      this.#backoff.reset();
      this.#holes = 0;
      this.#renewals = 0;
      return true;
    }
    if (verdict === "repeat") return false;
    this.#holes += 1;
    const cause = new StreamError("order_broken", `an event after ${this.#order.seq} is missing`);
    throw new Interrupted(this.#holes < MAX_HOLES ? { kind: "again", pause: "backoff", cause } : { kind: "fatal", cause });
  }

  async #renew(cause: SbaError): Promise<void> {
    this.#renewals += 1;
    const { tokens } = this.#options;
    if (!tokens.renewable || this.#renewals > MAX_RENEWALS) throw given(cause);
    await tokens.renew(await tokens.get());
  }

  async #wait(retryInMs: number, cause: SbaError): Promise<void> {
    const { state, signal } = this.#options;
    state({ phase: "waiting", retryInMs, attempt: this.#backoff.failures, cause });
    let wake = (): void => {};
    const online = new Promise<void>((resolve) => (wake = resolve));
    const stop = onOnline(() => wake());
    try {
      await sleep(retryInMs, signal, online);
    } finally {
      stop();
    }
  }
}

/** A stream that is given up ends with an error of its own, which names what was behind it. */
function given(cause: SbaError): StreamError {
  return cause instanceof StreamError ? cause : new StreamError(cause.code, cause.message, { cause });
}
