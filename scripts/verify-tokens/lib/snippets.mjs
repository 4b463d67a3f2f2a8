// Code of docs/verify-tokens.md, with the values of a test.

import fs from "node:fs";

const DOCUMENT = new URL("../../../docs/verify-tokens.md", import.meta.url);
const URL_IN_DOCUMENT = "https://id.example.com/.well-known/jwks.json";
const PLACEHOLDER = /^.*\/\/ SNIPPET\n|^# SNIPPET\n/m;

/** The first code block below this heading. */
export function snippet(heading) {
  const text = fs.readFileSync(DOCUMENT, "utf8");
  const start = text.search(new RegExp(`^#+ ${heading}$`, "m"));
  const block = start < 0 ? null : text.slice(start).match(/^```\w+\n([\s\S]*?)^```$/m);
  if (block === null) throw new Error(`docs/verify-tokens.md has no code below "${heading}"`);
  return block[1];
}

/**
 * A program of this folder with a snippet in it. `times` replaces the seconds of the snippet, also where they are
 * milliseconds.
 */
export function program(file, heading, { url, algorithm, times }) {
  let code = snippet(heading);
  code = code.replaceAll(URL_IN_DOCUMENT, url).replaceAll("EdDSA", algorithm);
  for (const [documented, seconds] of Object.entries(times)) {
    code = code.replace(new RegExp(`\\b${documented}(_000)?\\b`, "g"), (_, thousand) => `${seconds}${thousand ?? ""}`);
  }
  const frame = fs.readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
  if (!PLACEHOLDER.test(frame)) throw new Error(`${file} has no place for the snippet`);
  return frame.replace(PLACEHOLDER, () => code);
}
