// How the connection of a run stands, in words.

import { announce } from "../announce.js";
import { h, set, setText } from "../dom.js";

const WAYS = { websocket: "WebSocket", sse: "server-sent events", polling: "polling" };

export function connectionPill() {
  const words = h("span");
  const element = h("p", { class: "pill", "data-phase": "connecting" }, h("span", { class: "dot", "aria-hidden": "true" }), words);
  let reconnects = 0;
  let wasOpen = false;
  let countdown;

  const show = (phase, text) => {
    set(element, "data-phase", phase);
    setText(words, text + (reconnects > 0 ? ` · ${reconnects} ${reconnects === 1 ? "reconnect" : "reconnects"}` : ""));
  };
  const wait = (until) => {
    const seconds = Math.ceil((until - performance.now()) / 1000);
    show("waiting", navigator.onLine === false ? "Offline; goes on by itself" : seconds > 0 ? `Cut off; back in ${seconds} s` : "Coming back…");
  };
  const hear = (state) => {
    clearInterval(countdown);
    if (state.phase === "connecting") show("connecting", wasOpen ? "Coming back…" : "Connecting…");
    if (state.phase === "shared") show("open", "Live, with another tab");
    if (state.phase === "open") {
      if (wasOpen) reconnects += 1;
      show("open", `Live by ${WAYS[state.transport]}`);
      if (wasOpen) announce("The connection is back.");
      wasOpen = true;
    }
    if (state.phase === "waiting") {
      const until = performance.now() + state.retryInMs;
      wait(until);
      countdown = setInterval(() => wait(until), 500);
      if (state.attempt === 1) announce("The connection is cut off; it comes back by itself.");
    }
    if (state.phase === "closed") show(state.cause ? "failed" : "closed", state.cause ? "Given up" : "Complete");
  };
  return { element, hear, say: show, stop: () => clearInterval(countdown) };
}
