import { DEFAULT_BACKOFF } from "../util/backoff.js";
import { streamRun } from "../stream/run-stream.js";
import { SessionStream } from "../session/session-stream.js";
import { Run } from "./run.js";
/** Below what the server takes, so that clocks that differ a little do no harm. */
const PACE = { messagesPerSecond: 15, burst: 60 };
const OUTBOX = 256;
/** A session: runs that only those can watch who have its token. */
export class Session {
    id;
    token;
    #http;
    #settings;
    constructor(http, settings, id, token) {
        this.#http = http;
        this.#settings = settings;
        this.id = id;
        this.token = token;
    }
    /** Starts a run that belongs to this session. */
    async start(run, options = {}) {
        const started = await this.#http.create("/runs", { ...run, session_id: this.id }, options);
        return this.run(started.run_id, started);
    }
    /** A run of this session. */
    run(id, started) {
        return new Run(this.#http, this.#settings, id, { sessionToken: this.token, ...(started ? { started } : {}) });
    }
    /** Opens one socket for many runs. It connects when it is first used. */
    stream(options = {}) {
        const { webSocket, codec, channel, capacity, backoff, transports } = this.#settings;
        return new SessionStream(this.#http.connection, {
            session: this.id,
            sessionToken: this.token,
            webSocket: transports.includes("websocket") ? webSocket : undefined,
            codec,
            timing: channel,
            backoff: backoff ?? DEFAULT_BACKOFF,
            capacity,
            outbox: options.outbox ?? OUTBOX,
            messagesPerSecond: options.messagesPerSecond ?? PACE.messagesPerSecond,
            burst: options.burst ?? PACE.burst,
            onState: options.onState,
        }, this.#fallback());
    }
    #fallback() {
        // The WebSocket has been tried, and did not open.
        const settings = { ...this.#settings, transports: this.#settings.transports.filter((name) => name !== "websocket") };
        return {
            watch: (run, { after, from, signal }) => streamRun(this.#http, settings, run, this.token, {
                ...(after === undefined ? {} : { after }),
                ...(from === undefined ? {} : { from }),
                ...(signal === undefined ? {} : { signal }),
            }),
            command: (message) => this.#http.create(commandPath(message), commandBody(message), { idempotencyKey: message.id }),
        };
    }
}
function commandPath({ run, type }) {
    return `/runs/${encodeURIComponent(run)}/${type === "input" ? "continue" : type}`;
}
function commandBody({ type, ask_id, input, reason }) {
    if (type === "input")
        return { ask_id, input };
    return type === "cancel" ? { reason } : {};
}
