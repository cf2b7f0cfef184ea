import { DecodeError } from "../errors.js";
/** Reads what a codec gave. What is no message is an error; what is merely unknown is not. */
export function asMessage(value) {
    if (!isMap(value) || typeof value["type"] !== "string")
        throw new DecodeError("a message has no type");
    const { run, id, seq, payload } = value;
    if (run !== undefined && typeof run !== "string")
        throw new DecodeError("a message's run is no text");
    if (id !== undefined && typeof id !== "string")
        throw new DecodeError("a message's id is no text");
    if (seq !== undefined && !isPosition(seq))
        throw new DecodeError("a message's seq is no position");
    if (payload !== undefined && !isMap(payload))
        throw new DecodeError("a message's payload is no map");
    return (payload === undefined ? { ...value, payload: {} } : value);
}
/** The message as one of a run's, or nothing if it is none: answers, notices, types without a place in a log. */
export function asRunMessage(message) {
    if (message.run === undefined)
        return undefined;
    if (message.seq !== undefined && message.seq > 0)
        return message;
    if (message.type === "gap")
        return isPosition(message.payload["to"]) ? message : undefined;
    if (message.type === "snapshot")
        return isMap(message.payload["run"]) ? message : undefined;
    return undefined;
}
export function isMap(value) {
    return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
export function isPosition(value) {
    return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
