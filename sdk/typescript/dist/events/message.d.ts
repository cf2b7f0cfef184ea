import type { RunMessage } from "./event.js";
/** A message of the server as it was decoded: a map with a type. */
export interface ServerMessage {
    readonly type: string;
    readonly run?: string;
    readonly id?: string;
    readonly seq?: number;
    readonly payload: Readonly<Record<string, unknown>>;
}
/** Reads what a codec gave. What is no message is an error; what is merely unknown is not. */
export declare function asMessage(value: unknown): ServerMessage;
/** The message as one of a run's, or nothing if it is none: answers, notices, types without a place in a log. */
export declare function asRunMessage(message: ServerMessage): RunMessage | undefined;
export declare function isMap(value: unknown): value is Record<string, unknown>;
export declare function isPosition(value: unknown): value is number;
