// A small part of Markdown, as reports use it, made into elements. It parses no HTML: a tag in it is shown as text.

import { h } from "./dom.js";

/** The elements of a text. */
export function markdown(text) {
  return blocks(text.replaceAll("\r\n", "\n").split("\n"), 0);
}

/** Quotes and lists in each other: deeper than any report, and no deeper than the stack. */
const DEEPEST = 8;
const HEADING = /^(#{1,6})\s+(.*)$/;
const FENCE = /^(```+|~~~+)/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;
const ITEM = /^(\s{0,3})([-*+]|\d{1,9}[.)])\s+(.*)$/;
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;

function blocks(lines, depth) {
  const made = [];
  for (let at = 0; at < lines.length; ) {
    const [block, next] = depth < DEEPEST ? blockAt(lines, at, depth) : paragraph(lines, at);
    if (block) made.push(block);
    at = next;
  }
  return made;
}

function blockAt(lines, at, depth) {
  const line = lines[at];
  if (line.trim() === "") return [null, at + 1];
  const heading = HEADING.exec(line);
  // The page has a heading of its own, and the report is below it.
  if (heading) return [h(`h${Math.min(6, heading[1].length + 2)}`, {}, ...inline(heading[2])), at + 1];
  if (RULE.test(line)) return [h("hr"), at + 1];
  if (FENCE.test(line)) return fence(lines, at);
  if (QUOTE.test(line)) return quote(lines, at, depth);
  if (ITEM.test(line)) return list(lines, at, depth);
  return paragraph(lines, at);
}

function fence(lines, at) {
  const mark = FENCE.exec(lines[at])[1];
  let end = at + 1;
  while (end < lines.length && !lines[end].startsWith(mark)) end++;
  return [h("pre", {}, h("code", {}, lines.slice(at + 1, end).join("\n"))), end + 1];
}

function quote(lines, at, depth) {
  const inner = [];
  let end = at;
  for (; end < lines.length && QUOTE.test(lines[end]); end++) inner.push(QUOTE.exec(lines[end])[1]);
  return [h("blockquote", { dir: "auto" }, ...blocks(inner, depth + 1)), end];
}

function list(lines, at, depth) {
  const ordered = /\d/.test(ITEM.exec(lines[at])[2]);
  const items = [];
  let end = at;
  while (end < lines.length) {
    const item = ITEM.exec(lines[end]);
    if (item && /\d/.test(item[2]) === ordered) items.push([item[3]]);
    // What is indented below an item, or follows an empty line indented, is part of it.
    else if (/^\s{2,}\S/.test(lines[end]) || (lines[end].trim() === "" && /^\s{2,}\S/.test(lines[end + 1] ?? ""))) items.at(-1).push(lines[end].replace(/^\s{2,3}/, ""));
    else if (lines[end].trim() === "" && ITEM.test(lines[end + 1] ?? "")) items.at(-1).push("");
    else break;
    end++;
  }
  const start = ordered ? Number.parseInt(ITEM.exec(lines[at])[2], 10) : null;
  return [h(ordered ? "ol" : "ul", { start }, ...items.map((item) => h("li", { dir: "auto" }, ...blocks(item, depth + 1)))), end];
}

function paragraph(lines, at) {
  let end = at + 1;
  const goesOn = (line) => line.trim() !== "" && ![HEADING, FENCE, QUOTE, ITEM, RULE].some((mark) => mark.test(line));
  while (end < lines.length && goesOn(lines[end])) end++;
  const text = lines.slice(at, end).map((line) => line.trimStart());
  return [h("p", { dir: "auto" }, ...text.flatMap((line, index) => [...inline(line.trimEnd()), index < text.length - 1 && (/(\\|\s\s)$/.test(line) ? h("br") : " ")])), end];
}

/** Escapes, code, strong, emphasis, links; each alternative begins with a character of its own, so that this takes linear time. */
const INLINE = /\\([!-/:-@[-`{-~])|`([^`]{1,500})`|\*\*([^*]{1,500})\*\*|\*([^*]{1,500})\*|_([^_]{1,500})_|\[([^\]]{1,300})\]\(([^)\s]{1,2000})\)/g;

function inline(text) {
  const made = [];
  let at = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > at) made.push(text.slice(at, found.index));
    made.push(inlineOf(found));
    at = found.index + found[0].length;
  }
  if (at < text.length) made.push(text.slice(at).replace(/\\$/, ""));
  return made;
}

function inlineOf([whole, escaped, code, strong, emphasis, other, label, target]) {
  if (escaped !== undefined) return escaped;
  if (code !== undefined) return h("code", {}, code);
  if (strong !== undefined) return h("strong", {}, strong);
  if (emphasis !== undefined || other !== undefined) return h("em", {}, emphasis ?? other);
  return link(label, target) ?? whole;
}

/** A link, if it leads to the web. Any other address stays text: `javascript:` and `data:` lead nowhere from here. */
function link(label, target) {
  const url = URL.canParse(target) ? new URL(target) : undefined;
  if (url?.protocol !== "https:" && url?.protocol !== "http:") return undefined;
  // Where it leads is shown, since its label may say something else.
  return h("span", {}, h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" }, label), ` (${url.host})`);
}
