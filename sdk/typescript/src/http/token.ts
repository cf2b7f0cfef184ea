import { claimsOf, type Claims } from "./claims.js";

/** Why a token is asked for. */
export type TokenReason = "first" | "expiring" | "expired";

/** A token, or what gives one. It is asked again before a token ends, and when the server says that one has. */
export type TokenProvider = string | ((reason: TokenReason) => string | Promise<string>);

/** A token is renewed so long before its end: longer than a request takes, and clocks may differ. */
const MARGIN_MS = 10_000;

/** Keeps the token of the moment, and asks for the next one once, however many need it. */
export class TokenSource {
  readonly #provider: TokenProvider;
  #token: string | undefined;
  #asking: Promise<string> | undefined;

  constructor(provider: TokenProvider) {
    this.#provider = provider;
  }

  /** Whether another token can be had at all. */
  get renewable(): boolean {
    return typeof this.#provider === "function";
  }

  /** What the token says of itself; the server checks it, this does not. */
  async claims(): Promise<Claims> {
    return claimsOf(await this.get());
  }

  /** A token that is good now, as far as can be seen from here. */
  async get(): Promise<string> {
    if (this.#token === undefined) return this.#ask("first");
    const { exp } = claimsOf(this.#token);
    if (this.renewable && exp !== undefined && exp * 1000 - Date.now() < MARGIN_MS) return this.#ask("expiring");
    return this.#token;
  }

  /** Another token than this one, which the server did not take or will not take for long. */
  async renew(stale: string, reason: Exclude<TokenReason, "first"> = "expired"): Promise<string> {
    if (this.#token !== undefined && this.#token !== stale) return this.#token;
    return this.#ask(reason);
  }

  #ask(reason: TokenReason): Promise<string> {
    this.#asking ??= this.#fetch(reason).finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #fetch(reason: TokenReason): Promise<string> {
    this.#token = typeof this.#provider === "string" ? this.#provider : await this.#provider(reason);
    return this.#token;
  }
}
