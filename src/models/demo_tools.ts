/**
 * Which tools a user's words are about.
 * @module
 */
import type { ToolSpec } from "../run/request.ts";

/** A tool and how much the words are about it; 0 for not at all. */
export interface RankedTool {
  /** The tool. */
  readonly tool: ToolSpec;
  /** Higher is more. */
  readonly score: number;
}

/** What a word in a tool's name counts. */
const NAME_WEIGHT = 3;
/** A tool is meant when its words reach this. */
const THRESHOLD = 2;
/** An agent's own way to hand in its answer is never what a user asks for. */
const OUTPUT_TOOL = /^final_result/;

/** Words that say nothing about what a tool does. */
const EMPTY_WORDS = new Set(
  ("a about all also an and any are as at be by call can could do does for from function get give " +
    "given has have how i if in into is it its just make may me my new no not of on one or other " +
    "our out own please return returned returning run set so some tell than that the their them then " +
    "there these they this to tool up us use used user using value was we were what when where which " +
    "who will with would you your").split(" "),
);

/** Tools, those the words are most about first; ties keep their order. */
export function rankTools(tools: readonly ToolSpec[], said: string): readonly RankedTool[] {
  const spoken = new Set(words(said));
  return tools.map((tool) => ({ tool, score: scoreOf(tool, spoken) }))
    .sort((a, b) => b.score - a.score);
}

function scoreOf(tool: ToolSpec, spoken: ReadonlySet<string>): number {
  if (OUTPUT_TOOL.test(tool.name)) return 0;
  const inName = new Set(words(tool.name));
  const inDescription = new Set(words(tool.description ?? ""));
  let score = 0;
  for (const word of spoken) {
    if (inName.has(word)) score += NAME_WEIGHT;
    else if (inDescription.has(word)) score += 1;
  }
  return score >= THRESHOLD ? score : 0;
}

/** The telling words of a text or an identifier, in one form for singular and plural. */
function words(text: string): readonly string[] {
  return text.slice(0, 4000).replace(/([a-z\d])([A-Z])/g, "$1 $2").toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length > 1 && !EMPTY_WORDS.has(word))
    .map((word) => word.length > 3 ? word.replace(/(?<!s)s$|ing$|ed$/, "") : word);
}
