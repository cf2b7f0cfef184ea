import { DecodeError } from "../errors.js";
import type { RunEvent, RunMessage } from "./event.js";

/** A message of the server as it was decoded: a map with a type. */
export interface ServerMessage {
  readonly type: string;
  readonly run?: string;
  readonly id?: string;
  readonly seq?: number;
  readonly payload: Readonly<Record<string, unknown>>;
}

/** Reads what a codec gave. What is no message is an error; what is merely unknown is not. */
export function asMessage(value: unknown): ServerMessage {
  if (!isMap(value) || typeof value["type"] !== "string") throw new DecodeError("a message has no type");
  const { run, id, seq, payload } = value;
  if (run !== undefined && typeof run !== "string") throw new DecodeError("a message's run is no text");
  if (id !== undefined && typeof id !== "string") throw new DecodeError("a message's id is no text");
  if (seq !== undefined && !isPosition(seq)) throw new DecodeError("a message's seq is no position");
  if (payload !== undefined && !isMap(payload)) throw new DecodeError("a message's payload is no map");
  return (payload === undefined ? { ...value, payload: {} } : value) as unknown as ServerMessage;
}

/** The message as one of a run's, or nothing if it is none: answers, notices, types without a place in a log. */
export function asRunMessage(message: ServerMessage): RunMessage | undefined {
  if (message.run === undefined) return undefined;
  if (message.seq !== undefined && message.seq > 0) return message as unknown as RunEvent;
  if (message.type === "gap") return isPosition(message.payload["to"]) ? (message as unknown as RunMessage) : undefined;
  if (message.type === "snapshot") return isMap(message.payload["run"]) ? (message as unknown as RunMessage) : undefined;
  return undefined;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

export function isPosition(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
