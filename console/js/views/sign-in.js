// Asking for a token.

import { looksLikeToken } from "../account.js";
import { field, h } from "../dom.js";

/** `signIn` is called with what was entered. `offered` is a token that a link brought. */
export function signInView(signIn, offered) {
  const input = h("input", { id: "token", type: "password", autocomplete: "off", spellcheck: "false", required: true, value: offered ?? null });
  const hint = h("p", { class: "hint bad", id: "token-problem", role: "alert" });
  const submit = (event) => {
    event.preventDefault();
    const token = input.value.trim().replace(/^Bearer\s+/i, "");
    if (looksLikeToken(token)) return signIn(token);
    hint.textContent = "That is no token: it has three parts with dots between them.";
    input.focus();
  };
  return h("section", { class: "card narrow" },
    h("h1", {}, "Welcome"),
    h("p", {}, "This console talks to SBA on your behalf, with a token that says who you are."),
    h("form", { on: { submit } },
      field("Token", input, "make dev prints one; sba token mints others. It stays in this tab, and goes when you close it."),
      hint,
      h("button", { type: "submit", class: "primary" }, "Continue")),
  );
}
