import { type ServerMessage } from "../events/message.js";
import type { Http } from "../http/http.js";
import type { Transport, Watch } from "./transport.js";
/** Watches by asking again and again: what is left where nothing may stay open. Each question waits for something to say. */
export declare class PollingTransport implements Transport {
    #private;
    readonly name = "polling";
    constructor(http: Http);
    watch(watch: Watch): AsyncGenerator<ServerMessage>;
}
