import { StreamError } from "../errors.js";
import { asRunMessage } from "../events/message.js";
import { sharedName } from "../tabs/name.js";
import { tabsPlatform } from "../tabs/platform.js";
import { DEFAULT_SHARED, shared } from "../tabs/shared.js";
import { follow } from "./follow.js";
import { PollingTransport } from "./polling.js";
import { SseTransport } from "./sse.js";
import { WebSocketTransport } from "./websocket.js";
export const DEFAULT_CAPACITY = 8192;
/** Every message of a run once and in order, until its end. */
export async function* streamRun(http, settings, run, sessionToken, options) {
    // Whoever leaves the loop early leaves connections and other tabs too.
    const left = new AbortController();
    const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
    const state = options.onState ?? (() => { });
    const { baseUrl, tokens } = http.connection;
    const own = (after, ownSignal) => follow({
        run, after, from: options.from ?? "history", sessionToken, tokens, state, signal: ownSignal,
        transports: transportsOf(http, settings), backoff: settings.backoff,
    });
    const platform = (options.shared ?? settings.shared) ? tabsPlatform() : undefined;
    const after = options.after ?? 0;
    try {
        if (!platform)
            return yield* own(after, signal);
        const { tenant_id: tenant, user_id: user } = await tokens.claims();
        const name = await sharedName({ baseUrl, tenant, user, sessionToken, run }, platform);
        const history = (from) => readHistory(http, run, sessionToken, from, signal);
        yield* shared({ name, run, after, platform, signal, own, history, state, timing: settings.tabs ?? DEFAULT_SHARED });
    }
    finally {
        left.abort();
    }
}
function transportsOf(http, settings) {
    const { webSocket, codec, channel, capacity, sse } = settings;
    const make = {
        websocket: () => webSocket && new WebSocketTransport(http.connection, { webSocket, codec, timing: channel, capacity }),
        sse: () => new SseTransport(http.connection, sse),
        polling: () => new PollingTransport(http),
    };
    return settings.transports.map((name) => make[name]()).filter((transport) => transport !== undefined);
}
/** What is there now: pages of the log until one brings nothing new. */
async function readHistory(http, run, sessionToken, after, signal) {
    const messages = [];
    const headers = sessionToken === undefined ? undefined : { "x-session-token": sessionToken };
    for (;;) {
        const query = { after, wait_ms: 0 };
        const page = await http.json({
            method: "GET", path: `/runs/${encodeURIComponent(run)}/events`, query, headers, signal,
        });
        for (const event of page.events) {
            const message = asRunMessage(event);
            if (message)
                messages.push(message);
        }
        if (page.ended || page.events.length === 0)
            return { messages, ended: page.ended };
        if (page.after <= after)
            throw new StreamError("protocol_error", "the log does not move on");
        after = page.after;
    }
}
