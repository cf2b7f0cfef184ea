import type { ServerMessage } from "../events/message.js";
/** A client's message: what it asks for, under an id by which the server knows it again. */
export interface ClientMessage {
    readonly id: string;
    readonly type: "input" | "cancel" | "pause" | "resume";
    readonly run: string;
    readonly ask_id?: string | undefined;
    readonly input?: unknown;
    readonly reason?: string | undefined;
}
/** The server's word that a message was done. */
export type AckPayload = Readonly<Record<string, unknown>>;
/**
 * Messages that the server has not answered yet, oldest first. They survive the connection: each is sent again on the next
 * one under the same id, which makes it the same command, and whoever waits for it hears of one answer.
 */
export declare class Outbox {
    #private;
    constructor(capacity: number);
    get size(): number;
    /** Takes a message in; the answer is the server's. Throws `outbox_full` at once where there is no room. */
    add(message: Omit<ClientMessage, "id">, id?: string, signal?: AbortSignal): Promise<AckPayload>;
    /** The oldest message that was not sent on this connection. */
    next(): ClientMessage | undefined;
    sent(id: string): void;
    /** Takes an answer. `later`: it was one too many, and is to be sent again. */
    answer(answer: ServerMessage): "settled" | "later" | "unknown";
    /** A new connection knows nothing of what was sent on the last. */
    resend(): void;
    resolve(id: string, payload: AckPayload): void;
    reject(id: string, error: Error): void;
    /** Nothing will be answered any more. */
    fail(error: Error): void;
}
