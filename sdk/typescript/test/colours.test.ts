import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const CSS = readFileSync(new URL("../../../console/console.css", import.meta.url), "utf8");

/** What stands on what in the console, and how much they must differ: text, and the marks and borders of controls. */
const PAIRS: [string, string[], number][] = [
  ["text", ["ground", "card", "sunk"], 4.5], ["faint", ["ground", "card", "sunk"], 4.5],
  ["accent", ["ground", "card", "accent-soft"], 4.5], ["on-accent", ["accent"], 4.5], ["good", ["card", "good-soft"], 4.5],
  ["warn", ["card", "warn-soft", "ground"], 4.5], ["bad", ["card", "bad-soft"], 4.5], ["text", ["bad-soft"], 4.5],
  ["faint", ["bad-soft"], 4.5], ["faint", ["card", "ground"], 3],
];

/** The relative luminance of WCAG 2. */
function luminance(hex: string): number {
  const channels = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
  const [red = 0, green = 0, blue = 0] = channels.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function coloursOf(block: string): Map<string, string> {
  return new Map([...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name = "", value = ""]) => [name, value]));
}

test("whatever stands on something can be read, in light and in dark", () => {
  const [light = "", dark = ""] = CSS.split("@media (prefers-color-scheme: dark)");
  for (const [scheme, block] of [["light", light], ["dark", dark]] as const) {
    const colours = coloursOf(block);
    for (const [front, backs, least] of PAIRS) {
      for (const back of backs) {
        const found = contrast(colours.get(front) ?? "#000000", colours.get(back) ?? "#000000");
        assert.ok(found >= least, `${scheme}: ${front} on ${back} is ${found.toFixed(2)}, less than ${least}`);
      }
    }
  }
});
