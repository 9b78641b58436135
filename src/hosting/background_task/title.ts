/**
 * Short texts made of what a user said.
 * @module
 */

/** What a conversation is called whose user said nothing that can be shown. */
export const NO_TITLE = "New chat";

const TITLE_WORDS = 5;
const MAX_TITLE = 60;

/** Characters of a text that can become part of a title. */
const LOOKED_AT = 1000;

const CODE_BLOCK = /```[^]*?(?:```|$)/g;
const TAG = /<\/?[a-z][^<>]*>/gi;
const LINK = /!?\[([^[\]]*)\]\([^()]*\)/g;
const HEADING_OR_LIST = /^[ \t]*(?:#{1,6}|>|[-*+]|\d+[.)])[ \t]+/gm;
const EMPHASIS = /[*`~]+|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu;
/** Control characters, and those that turn the direction of writing. */
const INVISIBLE = /[\p{Cc}\u2028-\u202e\u2066-\u2069]+/gu;
const AT_ENDS = /^["'“”‘’«»\s]+|["'“”‘’«»\s.,:;]+$/gu;

/** The first words of a text without markup, at most 60 characters; never empty. */
export function titleOf(text: string): string {
  const looked = text.slice(0, LOOKED_AT).toWellFormed();
  const plain = unmarked(looked.replace(CODE_BLOCK, " ")) || unmarked(looked);
  const words = plain.split(" ").slice(0, TITLE_WORDS).join(" ");
  return shortened(words.replace(AT_ENDS, ""), MAX_TITLE) || NO_TITLE;
}

function unmarked(text: string): string {
  return text.replace(TAG, " ").replace(LINK, "$1").replace(HEADING_OR_LIST, "")
    .replace(EMPHASIS, "").replace(INVISIBLE, " ").replace(/\s+/g, " ").trim();
}

/** A text on one line, cut at a whole character where it is longer than `maxLength`. */
export function shortened(text: string, maxLength: number): string {
  const line = text.slice(0, maxLength * 4).toWellFormed().replace(INVISIBLE, " ")
    .replace(/\s+/g, " ").trim();
  if (line.length <= maxLength) return line;
  let cut = "";
  for (const { segment } of new Intl.Segmenter().segment(line)) {
    if (cut.length + segment.length >= maxLength) break;
    cut += segment;
  }
  return `${cut.trimEnd()}…`;
}
