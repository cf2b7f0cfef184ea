import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
import { randomId } from "../util/random.js";
import { sleep } from "../util/sleep.js";
import { everything } from "./lists.js";
import type { DocumentText, DocumentView, Page, PageQuery, TakenDocument } from "./types.js";

/** A file to hand in. */
export interface DocumentFile {
  readonly file: Blob;
  /** Its name, which is also its source where none is given. */
  readonly name: string;
  readonly source?: string;
  readonly title?: string;
  readonly media_type?: string;
}

/** Documents that runs draw on. */
export class Documents {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  list(query: PageQuery & { readonly status?: string } = {}, options: CallOptions = {}): Promise<Page<DocumentView>> {
    return this.#http.get("/knowledge/documents", { ...query }, options);
  }

  all(query: { readonly status?: string } = {}, options: CallOptions = {}): AsyncGenerator<DocumentView, void> {
    return everything((page) => this.list({ ...query, page }, options));
  }

  get(id: string, options: CallOptions = {}): Promise<DocumentView> {
    return this.#http.get(`/knowledge/documents/${encodeURIComponent(id)}`, undefined, options);
  }

  /** Hands text in. It can be found once its `status` is `indexed`. */
  putText(document: DocumentText, options: KeyedCallOptions = {}): Promise<TakenDocument> {
    return this.#http.create("/knowledge/documents", document, options);
  }

  /** Hands a file in. */
  putFile(document: DocumentFile, options: KeyedCallOptions = {}): Promise<TakenDocument> {
    const form = new FormData();
    for (const name of ["source", "title", "media_type"] as const) {
      const value = document[name];
      if (value !== undefined) form.set(name, value);
    }
    // The last part: the server knows all about it by then.
    form.set("file", document.file, document.name);
    const idempotencyKey = options.idempotencyKey ?? randomId();
    return this.#http.json({ method: "POST", path: "/knowledge/documents", body: form, idempotencyKey, signal: options.signal });
  }

  /** Waits until a document can be found, or cannot be read. */
  async settled(id: string, options: CallOptions = {}): Promise<DocumentView> {
    for (let pause = 100; ; pause = Math.min(pause * 1.5, 2000)) {
      const document = await this.get(id, options);
      if (document.status !== "pending") return document;
      await sleep(pause, options.signal);
    }
  }

  async delete(id: string, options: CallOptions = {}): Promise<void> {
    await this.#http.send({ method: "DELETE", path: `/knowledge/documents/${encodeURIComponent(id)}`, signal: options.signal });
  }
}
