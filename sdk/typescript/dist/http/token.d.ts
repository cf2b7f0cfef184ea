import { type Claims } from "./claims.js";
/** Why a token is asked for. */
export type TokenReason = "first" | "expiring" | "expired";
/** A token, or what gives one. It is asked again before a token ends, and when the server says that one has. */
export type TokenProvider = string | ((reason: TokenReason) => string | Promise<string>);
/** Keeps the token of the moment, and asks for the next one once, however many need it. */
export declare class TokenSource {
    #private;
    constructor(provider: TokenProvider);
    /** Whether another token can be had at all. */
    get renewable(): boolean;
    /** What the token says of itself; the server checks it, this does not. */
    claims(): Promise<Claims>;
    /** A token that is good now, as far as can be seen from here. */
    get(): Promise<string>;
    /** Another token than this one, which the server did not take or will not take for long. */
    renew(stale: string, reason?: Exclude<TokenReason, "first">): Promise<string>;
}
