/**
 * Texts that nobody vouches for, in a program that a model is to read.
 * @module
 */

/** Most characters of one description. */
const MAX_DESCRIPTION = 500;

/** What ends a line somewhere, hides text, or turns its direction. */
const UNSEEN = /[\s\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;

/** As a comment on one line; nothing where there is nothing to tell. */
export function comment(description: unknown): string {
  const text = typeof description === "string" ? oneLine(description) : "";
  return text === "" ? "" : `/** ${text} */`;
}

/** Text that ends no comment, no line and no Markdown fence. */
function oneLine(text: string): string {
  return text.slice(0, 4 * MAX_DESCRIPTION).replaceAll(UNSEEN, " ").replaceAll("`".repeat(3), "'''")
    .replaceAll("*/", "*\\/").trim().slice(0, MAX_DESCRIPTION).toWellFormed();
}

/** A string literal. */
export function quote(text: string): string {
  return JSON.stringify(text).replaceAll(
    /[^\P{Cc}]|[\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069`]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
