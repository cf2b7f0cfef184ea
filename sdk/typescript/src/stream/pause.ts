import { SbaError, StreamError } from "../errors.js";
import type { TokenSource } from "../http/token.js";
import type { Backoff } from "../util/backoff.js";
import { onOnline } from "../util/online.js";
import { sleep } from "../util/sleep.js";
import type { Advice } from "./advice.js";
import type { ConnectionState } from "./state.js";

/** Tokens in a row that may be refused. */
const MAX_RENEWALS = 2;

export interface PauseOptions {
  readonly backoff: Backoff;
  readonly tokens: TokenSource;
  readonly signal: AbortSignal;
  state(state: ConnectionState): void;
}

/** The time between two connections: as long as it must be, with a new token where one is needed. */
export class Pause {
  readonly #options: PauseOptions;
  #renewals = 0;

  constructor(options: PauseOptions) {
    this.#options = options;
  }

  /** The last connection brought something. */
  progress(): void {
    this.#options.backoff.reset();
    this.#renewals = 0;
  }

  /**
   * Waits until it is time to come back. `atOnce`: there is another way to try first.
   * @throws StreamError when there is nothing to come back for.
   */
  async before(advice: Exclude<Advice, { kind: "ended" }>, atOnce: boolean): Promise<void> {
    if (advice.kind === "fatal") throw givenUp(advice.cause);
    if (advice.kind === "renew") await this.#renew(advice.cause);
    const { backoff, signal, state } = this.#options;
    // The first time in a row that the server sends a client elsewhere, or for a token, it means now.
    const invited = backoff.failures === 0 && (advice.kind === "renew" || advice.pause === "none");
    const delay = backoff.next();
    if (delay === undefined) {
      throw new StreamError("retries_exhausted", "the stream was cut off too often", { cause: advice.cause });
    }
    if (atOnce || invited) return;
    const retryInMs = Math.max(delay, advice.kind === "again" ? (advice.atLeastMs ?? 0) : 0);
    state({ phase: "waiting", retryInMs, attempt: backoff.failures, cause: advice.cause });
    let wake = (): void => {};
    const online = new Promise<void>((resolve) => (wake = resolve));
    const stop = onOnline(() => wake());
    await sleep(retryInMs, signal, online).finally(stop);
  }

  async #renew(cause: SbaError): Promise<void> {
    this.#renewals += 1;
    const { tokens } = this.#options;
    if (!tokens.renewable || this.#renewals > MAX_RENEWALS) throw givenUp(cause);
    await tokens.renew(await tokens.get());
  }
}

/** A stream that is given up ends with an error of its own, which names what was behind it. */
function givenUp(cause: SbaError): StreamError {
  return cause instanceof StreamError ? cause : new StreamError(cause.code, cause.message, { cause });
}
