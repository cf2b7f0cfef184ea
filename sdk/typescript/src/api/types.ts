import type { components } from "../generated/openapi.js";

type Schemas = components["schemas"];

/** The shapes of the API under their own names. They are generated from its OpenAPI document, `generated/openapi.ts`. */
export type RunView = Schemas["RunView"];
export type RunSummary = Schemas["RunSummary"];
export type StepView = Schemas["StepView"];
export type StartRun = Schemas["StartRun"];
export type Started = Schemas["Started"];
export type Commanded = Schemas["Commanded"];
export type CreatedSession = Schemas["CreatedSession"];
export type CreateSession = Schemas["CreateSession"];
export type SessionView = Schemas["SessionView"];
export type ArtifactView = Schemas["ArtifactView"];
export type DocumentView = Schemas["DocumentView"];
export type DocumentText = Schemas["DocumentText"];
export type TakenDocument = Schemas["Taken"];
export type TaskView = Schemas["TaskView"];
export type CreateTask = Schemas["CreateTask"];
export type UpdateTask = Schemas["UpdateTask"];
export type ScheduleView = Schemas["ScheduleView"];
export type CreateSchedule = Schemas["CreateSchedule"];
export type ExecuteTool = Schemas["ExecuteTool"];
export type Executing = Schemas["Executing"];
export type TenantView = Schemas["TenantView"];
export type CreateTenant = Schemas["CreateTenant"];
export type PageMeta = Schemas["Meta"];

/** One page of a list. */
export interface Page<Item> {
  readonly data: readonly Item[];
  readonly meta: PageMeta;
}

export interface PageQuery {
  /** From 1. */
  readonly page?: number;
  readonly limit?: number;
}
