import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
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
export declare class Documents {
    #private;
    constructor(http: Http);
    list(query?: PageQuery & {
        readonly status?: string;
    }, options?: CallOptions): Promise<Page<DocumentView>>;
    all(query?: {
        readonly status?: string;
    }, options?: CallOptions): AsyncGenerator<DocumentView, void>;
    get(id: string, options?: CallOptions): Promise<DocumentView>;
    /** Hands text in. It can be found once its `status` is `indexed`. */
    putText(document: DocumentText, options?: KeyedCallOptions): Promise<TakenDocument>;
    /** Hands a file in. */
    putFile(document: DocumentFile, options?: KeyedCallOptions): Promise<TakenDocument>;
    /** Waits until a document can be found, or cannot be read. */
    settled(id: string, options?: CallOptions): Promise<DocumentView>;
    delete(id: string, options?: CallOptions): Promise<void>;
}
