import type { CallOptions, Http } from "../http/http.js";
import { everything } from "./lists.js";
import type { ArtifactView, Page, PageQuery } from "./types.js";

/** What runs made. */
export class Artifacts {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  list(query: PageQuery & { readonly run_id?: string } = {}, options: CallOptions = {}): Promise<Page<ArtifactView>> {
    return this.#http.get("/artifacts", { ...query }, options);
  }

  all(query: { readonly run_id?: string } = {}, options: CallOptions = {}): AsyncGenerator<ArtifactView, void> {
    return everything((page) => this.list({ ...query, page }, options));
  }

  get(id: string, options: CallOptions = {}): Promise<ArtifactView> {
    return this.#http.get(`/artifacts/${encodeURIComponent(id)}`, undefined, options);
  }

  /** Downloads one. It is made of documents and a model's words: show it as text, or in a sandbox. */
  async content(id: string, format?: "markdown" | "html", options: CallOptions = {}): Promise<Blob> {
    const path = `/artifacts/${encodeURIComponent(id)}/content`;
    const response = await this.#http.send({ method: "GET", path, query: { format }, signal: options.signal });
    return response.blob();
  }
}
