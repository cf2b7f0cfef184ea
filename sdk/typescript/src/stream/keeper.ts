import type { ServerMessage } from "../events/message.js";
import type { TokenSource } from "../http/token.js";

/** What a keeper works with. */
export interface KeeperOptions {
  readonly tokens: TokenSource;
  /** The token of the handshake. */
  readonly token: string;
  readonly sessionToken?: string | undefined;
  readonly idleMs: number;
  send(message: object): boolean;
  /** Called when the server shows no sign of life. */
  dead(): void;
}

/** Ids of a keeper's own messages begin so; those of callers are UUIDs. */
const OWN = "keep-";

/** Keeps one WebSocket: asks whether the server is there, since pings are not seen by scripts, and renews the token in place. */
export class Keeper {
  readonly #options: KeeperOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #token: string;
  #count = 0;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#token = options.token;
    this.#listen();
  }

  /** Takes note of a message; answers whether it was for the keeper only. */
  hear(message: ServerMessage): boolean {
    this.#listen();
    if (message.type === "token_expiring") {
      // A renewal that fails is no reason to end now: the server closes with 4401 when the time has come.
      if (this.#options.tokens.renewable) this.#renew().catch(() => {});
      return true;
    }
    return message.id?.startsWith(OWN) ?? false;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#count = Infinity;
  }

  #listen(): void {
    if (this.#count === Infinity) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), this.#options.idleMs);
  }

  #ask(): void {
    this.#send({ type: "ping" });
    this.#timer = setTimeout(() => this.#options.dead(), this.#options.idleMs / 2);
  }

  async #renew(): Promise<void> {
    const token = await this.#options.tokens.renew(this.#token, "expiring");
    if (this.#count === Infinity) return;
    this.#token = token;
    const { sessionToken } = this.#options;
    this.#send({ type: "auth", token, ...(sessionToken === undefined ? {} : { session_token: sessionToken }) });
  }

  #send(message: { type: string } & Record<string, unknown>): void {
    this.#count += 1;
    this.#options.send({ id: `${OWN}${this.#count}`, ...message });
  }
}
