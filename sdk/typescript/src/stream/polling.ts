import { DecodeError, SbaError } from "../errors.js";
import { asMessage, isMap, isPosition, type ServerMessage } from "../events/message.js";
import type { Http } from "../http/http.js";
import { afterFailure, Interrupted } from "./advice.js";
import type { Transport, Watch } from "./transport.js";

/** Watches by asking again and again: what is left where nothing may stay open. Each question waits for something to say. */
export class PollingTransport implements Transport {
  readonly name = "polling";
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  async *watch(watch: Watch): AsyncGenerator<ServerMessage> {
    // The first question does not wait, so that it is known at once whether this way is open.
    for (let { after, waitMs } = { after: watch.after, waitMs: 0 as number | undefined }; ; waitMs = undefined) {
      const page = await this.#ask(watch, after, waitMs);
      watch.opened();
      yield* page.events;
      if (page.ended) return;
      after = page.after;
    }
  }

  async #ask(watch: Watch, after: number, waitMs: number | undefined): Promise<Page> {
    const headers = { accept: "application/json", ...(watch.sessionToken === undefined ? {} : { "x-session-token": watch.sessionToken }) };
    const path = `/runs/${encodeURIComponent(watch.run)}/events`;
    try {
      const query = { after, wait_ms: waitMs };
      return pageOf(await this.#http.json<unknown>({ method: "GET", path, query, headers, signal: watch.signal }));
    } catch (error) {
      if (!(error instanceof SbaError)) throw error;
      const advice = afterFailure(error);
      throw advice.kind === "ended" ? error : new Interrupted(advice);
    }
  }
}

interface Page {
  readonly events: readonly ServerMessage[];
  readonly after: number;
  readonly ended: boolean;
}

function pageOf(value: unknown): Page {
  if (!isMap(value) || !Array.isArray(value["events"]) || !isPosition(value["after"])) {
    throw new DecodeError("an answer is no page of events");
  }
  return { events: value["events"].map(asMessage), after: value["after"], ended: value["ended"] === true };
}
