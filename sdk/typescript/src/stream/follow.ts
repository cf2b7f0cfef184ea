import { ApiError, StreamError } from "../errors.js";
import type { RunMessage } from "../events/event.js";
import { asRunMessage } from "../events/message.js";
import { Order } from "../events/order.js";
import { isLast } from "../events/terminal.js";
import type { TokenSource } from "../http/token.js";
import { abortReason } from "../util/abort.js";
import { Backoff, type BackoffOptions } from "../util/backoff.js";
import { Interrupted } from "./advice.js";
import { Ladder } from "./ladder.js";
import { Pause } from "./pause.js";
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

/** How often in a row a hole may be met, without progress, before the stream is given up. */
const MAX_HOLES = 3;

/** Every message of a run once and in order, whatever becomes of connections in between. */
export async function* follow(options: FollowOptions): AsyncGenerator<RunMessage, void> {
  const follower = new Follower(options);
  try {
    for (;;) {
      const interrupted = yield* follower.connection();
      if (!interrupted) break;
      await follower.pause(interrupted);
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
  readonly #pause: Pause;
  #holes = 0;
  #opened = false;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#order = new Order(options.after);
    this.#ladder = new Ladder(options.transports);
    this.#backoff = new Backoff(options.backoff);
    const { tokens, signal, state } = options;
    this.#pause = new Pause({ backoff: this.#backoff, tokens, signal, state });
  }

  /** The messages of one connection; returns how it was cut off, or nothing at the end of the run. */
  async *connection(): AsyncGenerator<RunMessage, Interrupted | undefined> {
    const { run, from, sessionToken, signal, state } = this.#options;
    const transport = this.#ladder.current;
    this.#opened = false;
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
        if (isLast(message)) return undefined;
      }
      return undefined;
    } catch (error) {
      if (signal.aborted) throw abortReason(signal);
      if (!(error instanceof Interrupted)) throw error;
      return error;
    }
  }

  /** Waits until it is time for the next connection. */
  async pause({ advice }: Interrupted): Promise<void> {
    const refused = advice.cause instanceof ApiError;
    if (refused) this.#ladder.restart();
    const untried = !this.#opened && !refused && this.#ladder.failed();
    await this.#pause.before(advice, untried);
  }

  #accept(message: RunMessage): boolean {
    const verdict = this.#order.take(message);
    if (verdict === "next") {
      this.#pause.progress();
      this.#holes = 0;
      return true;
    }
    if (verdict === "repeat") return false;
    this.#holes += 1;
    const cause = new StreamError("order_broken", `an event after ${this.#order.seq} is missing`);
    throw new Interrupted(this.#holes < MAX_HOLES ? { kind: "again", pause: "backoff", cause } : { kind: "fatal", cause });
  }
}
