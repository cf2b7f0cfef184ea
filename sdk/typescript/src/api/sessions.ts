import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
import type { StreamSettings } from "../stream/run-stream.js";
import { Session } from "./session.js";
import type { CreatedSession, CreateSession, SessionView } from "./types.js";

/** Sessions of a user. */
export class Sessions {
  readonly #http: Http;
  readonly #settings: StreamSettings;

  constructor(http: Http, settings: StreamSettings) {
    this.#http = http;
    this.#settings = settings;
  }

  /** Opens a session. Its token is told only once: whoever wants to come back keeps it. */
  async open(session: CreateSession = {}, options: KeyedCallOptions = {}): Promise<Session> {
    const created: CreatedSession = await this.#http.create("/sessions", session, options);
    return this.attach(created.session_id, created.session_token ?? undefined);
  }

  /** A session that is there already. */
  attach(id: string, token?: string): Session {
    return new Session(this.#http, this.#settings, id, token);
  }

  get(id: string, options: CallOptions = {}): Promise<SessionView> {
    return this.#http.get(`/sessions/${encodeURIComponent(id)}`, undefined, options);
  }
}
