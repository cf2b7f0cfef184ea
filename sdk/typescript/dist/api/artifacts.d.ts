import type { CallOptions, Http } from "../http/http.js";
import type { ArtifactView, Page, PageQuery } from "./types.js";
/** What runs made. */
export declare class Artifacts {
    #private;
    constructor(http: Http);
    list(query?: PageQuery & {
        readonly run_id?: string;
    }, options?: CallOptions): Promise<Page<ArtifactView>>;
    all(query?: {
        readonly run_id?: string;
    }, options?: CallOptions): AsyncGenerator<ArtifactView, void>;
    get(id: string, options?: CallOptions): Promise<ArtifactView>;
    /** Downloads one. It is made of documents and a model's words: show it as text, or in a sandbox. */
    content(id: string, format?: "markdown" | "html", options?: CallOptions): Promise<Blob>;
}
