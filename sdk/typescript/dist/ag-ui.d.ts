/**
 * An agent of AG-UI that goes on where it was cut off. An entry of its own, for it needs `@ag-ui/client`.
 *
 * @packageDocumentation
 */
import { HttpAgent, type HttpAgentConfig } from "@ag-ui/client";
/** What fetches: as the global `fetch`, with an address as text. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;
/** `HttpAgent` for `POST /api/v1/ag-ui`, whose streams survive cuts: the connection's, and those of gateways that end. */
export declare class SbaAgent extends HttpAgent {
    constructor(config: HttpAgentConfig);
}
/**
 * A `fetch` whose event streams go on after a cut: the request is sent again with the id of the last event that came whole,
 * until the run has ended.
 */
export declare function resuming(fetch: Fetch): Fetch;
