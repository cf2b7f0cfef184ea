import { confirmed, offered } from "../codec/codec.js";
import { DecodeError } from "../errors.js";
import { asMessage } from "../events/message.js";
import { urlOf } from "../http/config.js";
import { abortReason } from "../util/abort.js";
import { afterClose, Interrupted } from "./advice.js";
import { Keeper } from "./keeper.js";
export const DEFAULT_TIMING = { openMs: 10_000, idleMs: 30_000 };
const OPEN = 1;
/** One open WebSocket that speaks the protocol. It keeps itself alive and its token fresh; it does not come back. */
export class Channel {
    #socket;
    #keeper;
    #codec;
    #listener;
    /**
     * Opens one.
     * @throws Interrupted when that fails. A browser does not tell a refusal from a dead network, so neither does this.
     */
    static async open(target, listener, signal) {
        if (signal.aborted)
            throw abortReason(signal);
        const token = await target.connection.tokens.get();
        const socket = new target.webSocket(addressOf(target), subprotocolsOf(target, token));
        socket.binaryType = "arraybuffer";
        // It listens from the start: the first messages may come together with the handshake.
        const channel = new Channel(socket, target, token, listener);
        try {
            await opened(socket, target.timing.openMs, signal);
        }
        catch (error) {
            channel.close();
            throw error;
        }
        return channel;
    }
    constructor(socket, target, token, listener) {
        this.#socket = socket;
        this.#listener = listener;
        this.#keeper = new Keeper({
            tokens: target.connection.tokens,
            token,
            sessionToken: target.sessionToken,
            idleMs: target.timing.idleMs,
            send: (message) => this.send(message),
            dead: () => this.#finish(afterClose(1006, "")),
        });
        socket.addEventListener("message", (event) => this.#hear(event.data));
        socket.addEventListener("close", (event) => this.#finish(afterClose(event.code, event.reason)));
    }
    /** The codec that was agreed on. */
    get codec() {
        return this.#agreed().name;
    }
    /** Hands a message to the network; false if there is none any more. */
    send(message) {
        if (!this.#listener || this.#socket.readyState !== OPEN)
            return false;
        this.#socket.send(this.#agreed().encode(message));
        return true;
    }
    /** Ends it from here; the listener hears nothing more. */
    close() {
        this.#listener = undefined;
        this.#keeper.stop();
        this.#socket.close(1000);
    }
    #hear(data) {
        if (!this.#listener)
            return;
        try {
            const message = asMessage(this.#agreed().decode(textOrBytes(data)));
            if (!this.#keeper.hear(message))
                this.#listener.message(message);
        }
        catch (error) {
            if (!(error instanceof DecodeError))
                throw error;
            // A server that cannot be understood now will not be understood later.
            this.#finish({ kind: "fatal", cause: error });
        }
    }
    /** Known once the socket is open. */
    #agreed() {
        this.#codec ??= confirmed(this.#socket.protocol);
        return this.#codec;
    }
    #finish(advice) {
        const listener = this.#listener;
        this.close();
        listener?.closed(advice);
    }
}
function textOrBytes(data) {
    if (typeof data === "string")
        return data;
    if (data instanceof ArrayBuffer)
        return new Uint8Array(data);
    if (data instanceof Uint8Array)
        return data;
    throw new DecodeError("a message is neither text nor bytes");
}
function addressOf(target) {
    return urlOf(target.connection.baseUrl, target.path, target.query).replace(/^http/, "ws");
}
/** The codecs and, since a browser can set no headers, the tokens. They are never part of the address: addresses are logged. */
function subprotocolsOf(target, token) {
    const codecs = offered(target.codec).map((codec) => codec.subprotocol);
    const session = target.sessionToken === undefined ? [] : [`sba.session.${target.sessionToken}`];
    return [...codecs, `sba.bearer.${token}`, ...session];
}
function opened(socket, patienceMs, signal) {
    return new Promise((resolve, reject) => {
        const give = (error) => {
            clearTimeout(timer);
            signal.removeEventListener("abort", abort);
            if (error)
                reject(error);
            else
                resolve();
        };
        const abort = () => give(abortReason(signal));
        const timer = setTimeout(() => give(Interrupted.cut("the WebSocket did not open in time")), patienceMs);
        signal.addEventListener("abort", abort, { once: true });
        socket.addEventListener("open", () => give());
        socket.addEventListener("error", () => give(Interrupted.cut("the WebSocket could not be opened")));
        socket.addEventListener("close", () => give(Interrupted.cut("the WebSocket was closed before it opened")));
    });
}
