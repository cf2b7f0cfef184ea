import type { RunMessage } from "../events/event.js";
import { fold } from "../events/fold.js";
import { emptyRun, type RunState } from "../events/run-state.js";
import { stateOfView } from "../events/snapshot.js";
import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
import { streamRun, type StreamOptions, type StreamSettings } from "../stream/run-stream.js";
import type { ArtifactView, Commanded, Page, PageQuery, RunView, Started } from "./types.js";

/** What a run is asked with. */
export interface Answer {
  /** The question; the oldest one where none is named. */
  readonly ask_id?: string;
  /** Words, one of the options, or for an approval a boolean or `{approved, comment}`. */
  readonly input: unknown;
}

/** One run: what may be asked of it and done to it. */
export class Run {
  readonly id: string;
  /** What the API said when it was started; undefined for a run that was found by its id. */
  readonly started: Started | undefined;
  readonly #http: Http;
  readonly #settings: StreamSettings;
  readonly #sessionToken: string | undefined;

  constructor(http: Http, settings: StreamSettings, id: string, extra: { started?: Started; sessionToken?: string | undefined } = {}) {
    this.id = id;
    this.started = extra.started;
    this.#http = http;
    this.#settings = settings;
    this.#sessionToken = extra.sessionToken;
  }

  /** The run as it stands. */
  view(options: CallOptions = {}): Promise<RunView> {
    return this.#http.get(this.#path(), undefined, options);
  }

  /** The same, in the form in which {@link states} gives it. */
  async state(options: CallOptions = {}): Promise<RunState> {
    return stateOfView(await this.view(options));
  }

  /** Every message of the run once and in order, until its end, whatever becomes of connections in between. */
  stream(options: StreamOptions = {}): AsyncGenerator<RunMessage, void> {
    return streamRun(this.#http, this.#settings, this.id, this.#sessionToken, options);
  }

  /** The run after each of its messages. */
  async *states(options: Omit<StreamOptions, "after"> = {}): AsyncGenerator<RunState, void> {
    let state = emptyRun(this.id);
    for await (const message of this.stream(options)) {
      state = fold(state, message);
      yield state;
    }
  }

  /** Waits for its end. */
  async finished(options: Omit<StreamOptions, "after"> = {}): Promise<RunState> {
    let last = emptyRun(this.id);
    for await (const state of this.states(options)) last = state;
    return last;
  }

  /** Answers what it asks. */
  answer(answer: Answer, options: KeyedCallOptions = {}): Promise<Commanded> {
    return this.#http.create(this.#path("/continue"), answer, options);
  }

  cancel(reason?: string, options: KeyedCallOptions = {}): Promise<Commanded> {
    return this.#http.create(this.#path("/cancel"), reason === undefined ? {} : { reason }, options);
  }

  pause(options: KeyedCallOptions = {}): Promise<Commanded> {
    return this.#http.create(this.#path("/pause"), {}, options);
  }

  resume(options: KeyedCallOptions = {}): Promise<Commanded> {
    return this.#http.create(this.#path("/resume"), {}, options);
  }

  /** Starts a new run with the results of this one, up to a step. */
  async fork(atStep: number, options: KeyedCallOptions = {}): Promise<Run> {
    const started: Started = await this.#http.create(this.#path("/fork"), { at_step: atStep }, options);
    return new Run(this.#http, this.#settings, started.run_id, { started, sessionToken: this.#sessionToken });
  }

  /** A page of what it made. */
  artifacts(query: PageQuery = {}, options: CallOptions = {}): Promise<Page<ArtifactView>> {
    return this.#http.get("/artifacts", { run_id: this.id, ...query }, options);
  }

  #path(rest = ""): string {
    return `/runs/${encodeURIComponent(this.id)}${rest}`;
  }
}
