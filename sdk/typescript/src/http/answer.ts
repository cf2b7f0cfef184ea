import { ApiError, type FieldProblem } from "../errors.js";
import { isMap } from "../events/message.js";

/** Reads an answer that is not a success. A proxy in between may have written it, so nothing is taken for granted. */
export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  const content = contentOf(text);
  const field = (name: string): string | undefined => {
    const value = content[name];
    return typeof value === "string" ? value : undefined;
  };
  return new ApiError({
    status: response.status,
    code: field("code") ?? `http_${response.status}`,
    message: field("message") ?? `the server answered ${response.status} ${response.statusText}`.trim(),
    requestId: field("request_id") ?? response.headers.get("x-request-id") ?? undefined,
    details: Array.isArray(content["details"]) ? content["details"].filter(isProblem) : undefined,
    retryAfterMs: retryAfterMs(response.headers.get("retry-after")),
  });
}

function contentOf(text: string): Record<string, unknown> {
  try {
    const body: unknown = JSON.parse(text);
    return isMap(body) && isMap(body["error"]) ? body["error"] : {};
  } catch {
    return {};
  }
}

function isProblem(value: unknown): value is FieldProblem {
  return isMap(value) && typeof value["field"] === "string" && typeof value["problem"] === "string";
}

function retryAfterMs(header: string | null): number | undefined {
  const seconds = Number(header);
  return header !== null && header.trim() !== "" && Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
}
