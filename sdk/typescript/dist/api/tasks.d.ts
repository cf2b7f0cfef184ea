import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
import type { CreateTask, Page, PageQuery, TaskView, UpdateTask } from "./types.js";
/** Tasks of people, which runs create and change too. */
export declare class Tasks {
    #private;
    constructor(http: Http);
    list(query?: PageQuery & {
        readonly status?: string;
    }, options?: CallOptions): Promise<Page<TaskView>>;
    all(query?: {
        readonly status?: string;
    }, options?: CallOptions): AsyncGenerator<TaskView, void>;
    get(id: string, options?: CallOptions): Promise<TaskView>;
    create(task: CreateTask, options?: KeyedCallOptions): Promise<TaskView>;
    /** Changes what is named; `null` takes a value away. */
    update(id: string, change: UpdateTask, options?: CallOptions): Promise<TaskView>;
    complete(id: string, options?: CallOptions): Promise<TaskView>;
}
