import type { RunMessage } from "../events/event.js";
import type { Connection } from "../http/config.js";
import { type LinkSettings } from "./link.js";
import { type AckPayload, type ClientMessage } from "./outbox.js";
import { type SubscribeOptions } from "./subscription.js";
/** What takes the stream's place where no WebSocket can be opened at all. */
export interface Fallback {
    watch(run: string, options: SubscribeOptions): AsyncIterable<RunMessage>;
    command(message: ClientMessage): Promise<AckPayload>;
}
export interface SessionStreamSettings extends LinkSettings {
    /** Messages kept for each run whose reader is slow. */
    readonly capacity: number;
    readonly outbox: number;
    readonly messagesPerSecond: number;
    readonly burst: number;
}
/**
 * Many runs over one WebSocket, and commands to them. It comes back by itself, asks for each run from where it was, and sends
 * again what was not answered. Where no WebSocket can be had, each run is watched by itself and commands go by REST.
 */
export declare class SessionStream {
    #private;
    constructor(connection: Connection, settings: SessionStreamSettings, fallback: Fallback);
    /** Messages that the server has not answered yet. */
    get pending(): number;
    /** Every message of a run once and in order, until its end. One subscription of a run at a time. */
    subscribe(run: string, options?: SubscribeOptions): AsyncGenerator<RunMessage, void>;
    /** Answers what a run asks. */
    input(run: string, answer: {
        readonly ask_id?: string;
        readonly input: unknown;
    }, options?: CommandOptions): Promise<AckPayload>;
    cancel(run: string, reason?: string, options?: CommandOptions): Promise<AckPayload>;
    pause(run: string, options?: CommandOptions): Promise<AckPayload>;
    resume(run: string, options?: CommandOptions): Promise<AckPayload>;
    /** Ends it: subscriptions end, and what was not answered is rejected with `closed`. */
    close(): void;
}
/** What a caller may say about a command. */
export interface CommandOptions {
    /** By which the server knows the command again; one of the SDK's where none is given. */
    readonly id?: string;
    readonly signal?: AbortSignal;
}
