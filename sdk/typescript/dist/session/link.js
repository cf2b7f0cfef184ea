import { afterFailure, Interrupted } from "../stream/advice.js";
import { Channel } from "../stream/channel.js";
import { Pause } from "../stream/pause.js";
import { Backoff } from "../util/backoff.js";
/** Handshakes in a row that may fail where none has ever succeeded. */
const PATIENCE = 3;
/** Keeps a WebSocket to a session's stream open: one after another, until there is nothing to come back for. */
export class SessionLink {
    #target;
    #listener;
    #signal;
    #state;
    #backoff;
    #pause;
    #proven = false;
    constructor(connection, settings, signal, listener) {
        const { webSocket, codec, timing, sessionToken, session } = settings;
        const path = `/sessions/${encodeURIComponent(session)}/stream`;
        this.#target = webSocket && { connection, webSocket, codec, timing, sessionToken, path };
        this.#listener = listener;
        this.#signal = signal;
        this.#state = settings.onState ?? (() => { });
        this.#backoff = new Backoff(settings.backoff);
        this.#pause = new Pause({ backoff: this.#backoff, tokens: connection.tokens, signal, state: this.#state });
    }
    /** Never returns while there is something to come back for, or the fall-back has taken over. */
    async run() {
        for (;;) {
            const advice = await this.#connection();
            if (advice.kind === "ended")
                return undefined;
            if (!this.#proven && advice.kind === "again" && this.#backoff.failures + 1 >= PATIENCE) {
                this.#listener.impossible();
                return new Promise(() => { });
            }
            await this.#pause.before(advice, false);
        }
    }
    /** One connection, from its opening to its end. */
    async #connection() {
        this.#state({ phase: "connecting", transport: "websocket", attempt: this.#backoff.failures + 1 });
        let closed = () => { };
        const end = new Promise((resolve) => (closed = resolve));
        try {
            const listener = { message: (message) => this.#hear(message), closed };
            const channel = await Channel.open(this.#target, listener, this.#signal);
            this.#proven = true;
            this.#state({ phase: "open", transport: "websocket" });
            this.#listener.opened(channel);
            return await end;
        }
        catch (error) {
            return error instanceof Interrupted ? error.advice : afterFailure(error);
        }
        finally {
            this.#listener.cut();
        }
    }
    #hear(message) {
        // The server speaks, so the connection was worth its while.
        this.#pause.progress();
        this.#listener.message(message);
    }
}
