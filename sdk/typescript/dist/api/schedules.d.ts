import type { CallOptions, Http, KeyedCallOptions } from "../http/http.js";
import type { CreateSchedule, Page, PageQuery, ScheduleView } from "./types.js";
/** What starts runs by the clock. */
export declare class Schedules {
    #private;
    constructor(http: Http);
    list(query?: PageQuery & {
        readonly status?: string;
    }, options?: CallOptions): Promise<Page<ScheduleView>>;
    all(query?: {
        readonly status?: string;
    }, options?: CallOptions): AsyncGenerator<ScheduleView, void>;
    get(id: string, options?: CallOptions): Promise<ScheduleView>;
    create(schedule: CreateSchedule, options?: KeyedCallOptions): Promise<ScheduleView>;
    pause(id: string, options?: CallOptions): Promise<ScheduleView>;
    resume(id: string, options?: CallOptions): Promise<ScheduleView>;
    delete(id: string, options?: CallOptions): Promise<void>;
}
