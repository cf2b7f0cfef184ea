import { Artifacts } from "./api/artifacts.js";
import { Documents } from "./api/documents.js";
import { Runs } from "./api/runs.js";
import { Schedules } from "./api/schedules.js";
import { Sessions } from "./api/sessions.js";
import { Tasks } from "./api/tasks.js";
import { DEFAULT_HTTP, Http } from "./http/http.js";
import { TokenSource } from "./http/token.js";
import { DEFAULT_TIMING } from "./stream/channel.js";
import { DEFAULT_CAPACITY } from "./stream/run-stream.js";
import { DEFAULT_SSE } from "./stream/sse.js";
import { platformWebSocket } from "./stream/websocket-like.js";
import { DEFAULT_SHARED } from "./tabs/shared.js";
import { DEFAULT_BACKOFF } from "./util/backoff.js";
/** A client of SBA, for one user of one tenant. */
export class SbaClient {
    runs;
    sessions;
    artifacts;
    documents;
    tasks;
    schedules;
    #http;
    constructor(options) {
        const connection = {
            baseUrl: addressOf(options.baseUrl),
            tokens: new TokenSource(options.token),
            // Called as a method, a browser's `fetch` refuses.
            fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
        };
        this.#http = new Http(connection, { ...DEFAULT_HTTP, ...options.http });
        const settings = settingsOf(options);
        this.runs = new Runs(this.#http, settings);
        this.sessions = new Sessions(this.#http, settings);
        this.artifacts = new Artifacts(this.#http);
        this.documents = new Documents(this.#http);
        this.tasks = new Tasks(this.#http);
        this.schedules = new Schedules(this.#http);
    }
    /** Makes one tool call without a model. The run that it names ends with the call. */
    executeTool(call, options = {}) {
        return this.#http.create("/tools/execute", call, options);
    }
    /** Makes a tenant; for operators. */
    createTenant(tenant, options = {}) {
        return this.#http.create("/tenants", tenant, options);
    }
}
/** An address without a slash at its end. What is none is told here, and not as a server that cannot be reached. */
function addressOf(baseUrl) {
    if (baseUrl === undefined || !/^https?:\/\/[^/]/.test(baseUrl) || !URL.canParse(baseUrl)) {
        throw new TypeError(`baseUrl is no address of a gateway: ${String(baseUrl)}`);
    }
    return baseUrl.replace(/\/+$/, "");
}
function settingsOf(options) {
    return {
        transports: options.transports ?? ["websocket", "sse", "polling"],
        webSocket: options.webSocket ?? platformWebSocket(),
        codec: options.codec ?? "json",
        backoff: { ...DEFAULT_BACKOFF, ...options.reconnect },
        shared: options.shared ?? true,
        channel: { ...DEFAULT_TIMING, ...options.timing?.websocket },
        sse: { ...DEFAULT_SSE, ...options.timing?.sse },
        tabs: { ...DEFAULT_SHARED, ...options.timing?.tabs },
        capacity: options.capacity ?? DEFAULT_CAPACITY,
    };
}
