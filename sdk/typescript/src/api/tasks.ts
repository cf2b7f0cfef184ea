import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
import { everything } from "./lists.js";
import type { CreateTask, Page, PageQuery, TaskView, UpdateTask } from "./types.js";

/** Tasks of people, which runs create and change too. */
export class Tasks {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  list(query: PageQuery & { readonly status?: string } = {}, options: CallOptions = {}): Promise<Page<TaskView>> {
    return this.#http.get("/tasks", { ...query }, options);
  }

  all(query: { readonly status?: string } = {}, options: CallOptions = {}): AsyncGenerator<TaskView, void> {
    return everything((page) => this.list({ ...query, page }, options));
  }

  get(id: string, options: CallOptions = {}): Promise<TaskView> {
    return this.#http.get(`/tasks/${encodeURIComponent(id)}`, undefined, options);
  }

  create(task: CreateTask, options: KeyedCallOptions = {}): Promise<TaskView> {
    return this.#http.create("/tasks", task, options);
  }

  /** Changes what is named; `null` takes a value away. */
  update(id: string, change: UpdateTask, options: CallOptions = {}): Promise<TaskView> {
    return this.#http.json({ method: "PATCH", path: `/tasks/${encodeURIComponent(id)}`, body: change, signal: options.signal });
  }

  complete(id: string, options: CallOptions = {}): Promise<TaskView> {
    return this.#http.json({ method: "POST", path: `/tasks/${encodeURIComponent(id)}/complete`, signal: options.signal });
  }
}
