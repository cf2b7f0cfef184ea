import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
import type { StreamSettings } from "../stream/run-stream.js";
import { everything } from "./lists.js";
import { Run } from "./run.js";
import type { Page, PageQuery, RunSummary, StartRun, Started } from "./types.js";

export interface RunsQuery extends PageQuery {
  readonly status?: string;
  readonly user_id?: string;
  readonly session_id?: string;
}

/** Runs of the tenant. */
export class Runs {
  readonly #http: Http;
  readonly #settings: StreamSettings;

  constructor(http: Http, settings: StreamSettings) {
    this.#http = http;
    this.#settings = settings;
  }

  /** Starts a run. It is stored when this resolves: from then on it is driven, whoever watches. */
  async start(run: StartRun, options: KeyedCallOptions = {}): Promise<Run> {
    const started: Started = await this.#http.create("/runs", run, options);
    return new Run(this.#http, this.#settings, started.run_id, { started });
  }

  /** A run that is there already. `sessionToken` is that of the session that it belongs to, if it does. */
  open(id: string, sessionToken?: string): Run {
    return new Run(this.#http, this.#settings, id, { sessionToken });
  }

  /** One page of the runs, the newest first. */
  list(query: RunsQuery = {}, options: CallOptions = {}): Promise<Page<RunSummary>> {
    return this.#http.get("/runs", { ...query }, options);
  }

  all(query: Omit<RunsQuery, "page"> = {}, options: CallOptions = {}): AsyncGenerator<RunSummary, void> {
    return everything((page) => this.list({ ...query, page }, options));
  }
}
