import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
import { everything } from "./lists.js";
import type { CreateSchedule, Page, PageQuery, ScheduleView } from "./types.js";

/** What starts runs by the clock. */
export class Schedules {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  list(query: PageQuery & { readonly status?: string } = {}, options: CallOptions = {}): Promise<Page<ScheduleView>> {
    return this.#http.get("/schedules", { ...query }, options);
  }

  all(query: { readonly status?: string } = {}, options: CallOptions = {}): AsyncGenerator<ScheduleView, void> {
    return everything((page) => this.list({ ...query, page }, options));
  }

  get(id: string, options: CallOptions = {}): Promise<ScheduleView> {
    return this.#http.get(this.#path(id), undefined, options);
  }

  create(schedule: CreateSchedule, options: KeyedCallOptions = {}): Promise<ScheduleView> {
    return this.#http.create("/schedules", schedule, options);
  }

  pause(id: string, options: CallOptions = {}): Promise<ScheduleView> {
    return this.#http.json({ method: "POST", path: `${this.#path(id)}/pause`, signal: options.signal });
  }

  resume(id: string, options: CallOptions = {}): Promise<ScheduleView> {
    return this.#http.json({ method: "POST", path: `${this.#path(id)}/resume`, signal: options.signal });
  }

  async delete(id: string, options: CallOptions = {}): Promise<void> {
    await this.#http.send({ method: "DELETE", path: this.#path(id), signal: options.signal });
  }

  #path(id: string): string {
    return `/schedules/${encodeURIComponent(id)}`;
  }
}
