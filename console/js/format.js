// How things are shown: times, sizes, states, and text whose characters must be seen.

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const AGO = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const NUMBER = new Intl.NumberFormat();

export function moment(time) {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? "" : MOMENT.format(date);
}

export function ago(time, now = Date.now()) {
  const seconds = Math.round((new Date(time).getTime() - now) / 1000);
  for (const [unit, length] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= length) return AGO.format(Math.round(seconds / length), unit);
  }
  return Math.abs(seconds) < 10 ? "just now" : AGO.format(seconds, "second");
}

export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1000).toFixed(1)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}

export function number(value) {
  return NUMBER.format(value);
}

const STATUS = {
  created: "Created", running: "Running", waiting_tool: "Waiting for a tool", waiting_input: "Needs an answer", paused: "Paused",
  cancelling: "Cancelling", completed: "Completed", failed: "Failed", cancelled: "Cancelled", pending: "Being indexed", indexed: "Indexed",
};

export function statusWords(status) {
  return Object.hasOwn(STATUS, status) ? STATUS[status] : String(status);
}

/** Characters that are not seen, or turn text around. */
const UNSEEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/gu;

/** Text in which every character can be seen. Whoever approves a call must see all of it. */
export function visible(text) {
  return text.replace(UNSEEN, (char) => `\\u{${char.codePointAt(0).toString(16)}}`);
}

export function json(value) {
  return visible(JSON.stringify(value, null, 2) ?? "null");
}

/** A name for a file, made of words of others. */
export function fileName(title, ending) {
  const words = title.normalize("NFC").replace(UNSEEN, "").replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "").slice(0, 60);
  return `${words || "report"}.${ending}`;
}
