// Failures, as the API names them: message, code, the fields at fault, and the id by which an operator finds the request.

import { foreign, h } from "./dom.js";

const MOST = 4;

/** Shows a failure until it is dismissed. */
export function problem(error, doing) {
  if (error?.name === "AbortError") return;
  const alerts = document.getElementById("alerts");
  const close = h("button", { type: "button", class: "quiet", "aria-label": "Dismiss", on: { click: () => alert.remove() } }, "✕");
  const alert = h("div", { class: "alert", role: "alert" }, h("div", {}, ...words(error, doing)), close);
  alerts.append(alert);
  while (alerts.children.length > MOST) alerts.firstElementChild.remove();
}

export function clearProblems() {
  document.getElementById("alerts").replaceChildren();
}

function words(error, doing) {
  const code = typeof error?.code === "string" ? error.code : "unexpected";
  const request = error?.requestId ?? error?.cause?.requestId;
  const message = typeof error?.message === "string" ? error.message : String(error);
  return [
    h("p", {}, doing && h("strong", {}, `${doing}: `), foreign(message)),
    error?.details?.length > 0 && h("ul", {}, error.details.map(({ field, problem: what }) => h("li", {}, foreign(`${field}: ${what}`)))),
    h("p", { class: "meta" }, h("code", {}, foreign(code)), request && [" · request ", h("code", {}, foreign(request))]),
  ].filter(Boolean);
}

/** Does what a person asked for; shows why it failed, if it does. Its button is off meanwhile. */
export async function attempt(doing, work, button) {
  button?.setAttribute("aria-busy", "true");
  if (button) button.disabled = true;
  try {
    return await work();
  } catch (error) {
    problem(error, doing);
    return undefined;
  } finally {
    button?.removeAttribute("aria-busy");
    if (button) button.disabled = false;
  }
}
