/**
 * What the demo backend says: the rules.
 * @module
 */
import type { InputPart, ToolKind, ToolSpec } from "../run/request.ts";
import { demoArguments, demoPick } from "./demo_arguments.ts";
import { demoCode, runsCode } from "./demo_code.ts";
import { demoSum } from "./demo_sum.ts";
import { rankTools } from "./demo_tools.ts";
import type { ModelRequest } from "./model.ts";
import { schemaExample } from "./schema_example.ts";

/** An answer: text, calls or both. */
export interface DemoReply {
  /** Empty when there are only calls. */
  readonly text: string;
  /** Calls of tools that were offered. */
  readonly calls: readonly {
    readonly name: string;
    readonly kind: ToolKind;
    readonly arguments: string;
  }[];
}

/** Where a conversation stands. */
interface Situation {
  /** What the user said last, text alone. */
  readonly said: string;
  /** What else came with it. */
  readonly attached: readonly InputPart[];
  /** Names of the tools called since. */
  readonly called: readonly string[];
  /** What they returned, oldest first. */
  readonly results: readonly string[];
  readonly firstAnswer: boolean;
}

/** Most tools called at once. */
const MAX_CALLS = 4;
/** Most times the same tool is asked again after it refused its arguments. */
const MAX_ATTEMPTS = 2;
/** Levels of a tool result that are told. */
const MAX_TOLD_DEPTH = 8;
/** Highest number counted to. */
const MAX_COUNT = 200;

const NOTE = "I am fakellm's demo backend: a few fixed rules, not a language model.";

/** The answer to a request; the same for the same request. */
export function demoReply(request: ModelRequest): DemoReply {
  const situation = assess(request);
  const tools = toolsToCall(request, situation);
  if (tools.length > 0) {
    return {
      text: "",
      calls: tools.map((tool) => ({
        name: tool.name,
        kind: tool.kind,
        arguments: argumentsFor(tool, situation),
      })),
    };
  }
  return { text: finalText(request, situation), calls: [] };
}

function argumentsFor(tool: ToolSpec, { said, results }: Situation): string {
  const code = runsCode(tool) ? demoCode(tool, said) : undefined;
  if (code !== undefined) return JSON.stringify({ code });
  return demoArguments(tool, { said, answer: results.length > 0 ? tell(results) : said });
}

function assess({ messages }: ModelRequest): Situation {
  const start = messages.findLastIndex((message) => message.role === "user");
  const user = messages[start];
  const parts = user?.role === "user" ? user.content : [];
  const called: string[] = [];
  const results: string[] = [];
  for (const message of messages.slice(start + 1)) {
    if (message.role === "assistant") called.push(...message.toolCalls.map((call) => call.name));
    if (message.role === "tool") results.push(textOf(message.content));
  }
  return {
    said: textOf(parts).trim(),
    attached: parts.filter((part) => part.type !== "text"),
    called,
    results,
    firstAnswer: !messages.slice(0, start).some((message) => message.role === "assistant"),
  };
}

function textOf(parts: readonly InputPart[]): string {
  return parts.map((part) => part.type === "text" ? part.text : "").filter(Boolean).join("\n");
}

function toolsToCall(request: ModelRequest, situation: Situation): readonly ToolSpec[] {
  const { toolChoice: choice } = request;
  const { said, called, results } = situation;
  if (choice.type === "none") return [];
  if (choice.type === "tool") {
    const named = request.tools.find((tool) => tool.name === choice.name);
    return named && !called.includes(named.name) ? [named] : [];
  }
  const offered = choice.type === "allowed"
    ? request.tools.filter((tool) => choice.names.includes(tool.name))
    : request.tools;
  const must = choice.type === "required" ||
    (choice.type === "allowed" && choice.mode === "required");
  const again = offered.filter((tool) =>
    called.filter((name) => name === tool.name).length < MAX_ATTEMPTS &&
    tool.name === called.at(-1) && asksAgain(results.at(-1) ?? "")
  );
  if (again.length > 0) return again;
  const fresh = offered.filter((tool) => !called.includes(tool.name));
  const ranked = rankTools(fresh, said);
  const wanted = results.length > 0
    ? []
    : ranked.filter(({ tool, score }) =>
      runsCode(tool) ? demoCode(tool, said) !== undefined : score > 0
    );
  const most = request.parallelToolCalls === false ? 1 : MAX_CALLS;
  if (wanted.length > 0) return wanted.slice(0, most).map(({ tool }) => tool);
  return must ? ranked.slice(0, 1).map(({ tool }) => tool) : [];
}

/** Whether a tool result asks for another try, as agents of this package and others put it. */
function asksAgain(result: string): boolean {
  return /fix the errors and try again\.?\s*$/i.test(result);
}

function finalText(request: ModelRequest, situation: Situation): string {
  const { output } = request;
  const answer = freeText(situation);
  if (output.type === "json-object") return JSON.stringify({ answer });
  if (output.type === "json-schema") {
    const pick = demoPick({ said: situation.said, answer });
    return JSON.stringify(schemaExample(output.schema, { pick }));
  }
  return situation.firstAnswer ? `${answer}\n\n(${NOTE})` : answer;
}

function freeText({ said, attached, results }: Situation): string {
  if (results.length > 0) return `Here is what I found:\n\n${tell(results)}`;
  const seen = attached.length > 0 ? `You sent ${inventory(attached)}; I cannot look inside. ` : "";
  if (said === "") return seen || "You said nothing, and I agree.";
  const count = /\bcount (?:up )?(?:to|till|until) (\d+)/i.exec(said);
  if (count) return countTo(Number(count[1]));
  const sum = demoSum(said);
  if (sum !== undefined) return `${sum}.`;
  if (/^(hi|hello|hey|good (morning|day|evening)|hallo|bonjour|moin)\b/i.test(said)) {
    return `${seen}Hello! Ask me to count to 10, what 6 * 7 is, or for something one of my tools ` +
      "can do.";
  }
  if (/\b(who|what) are you\b|\bwhat can you do\b|^help\b/i.test(said)) {
    return `${seen}I stand in for a model while none is configured. I greet, count ("count to 10"), ` +
      'do sums ("what is 6 * 7?"), call tools when your words match what they do, and fill in ' +
      "JSON Schemas. Everything around me is real: the API, the streaming, the agent and its tools.";
  }
  return `${seen}You said: "${said.length > 400 ? `${said.slice(0, 400)}…` : said}"`;
}

function countTo(end: number): string {
  const last = Math.min(end, MAX_COUNT);
  const numbers = Array.from({ length: last }, (_, index) => index + 1).join(" ");
  return last < end ? `${numbers} … and so on` : `${numbers || "0"}`;
}

function inventory(parts: readonly InputPart[]): string {
  const words: string[] = [];
  for (const type of ["image", "file", "audio"] as const) {
    const some = parts.filter((part) => part.type === type);
    if (some.length === 0) continue;
    const names = some.flatMap((part) =>
      part.type === "file" && part.filename ? [part.filename] : []
    );
    const what = type === "audio" ? "recording" : type;
    words.push(
      `${some.length} ${what}${some.length > 1 ? "s" : ""}` +
        (names.length > 0 ? ` (${names.join(", ")})` : ""),
    );
  }
  return words.join(" and ");
}

/** Tool results for reading; a failure is told without its details, which are not for the user. */
function tell(results: readonly string[]): string {
  return results.map((result) => {
    const value = parse(result);
    if (asksAgain(result) || isFailure(value)) return "Something I needed did not work.";
    return describe(value ?? result);
  }).join("\n\n");
}

function isFailure(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 1 &&
    "error" in value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function describe(value: unknown, depth = 0): string {
  if (typeof value !== "object" || value === null) return String(value ?? "nothing");
  const indent = "  ".repeat(depth);
  if (depth > MAX_TOLD_DEPTH) return `${indent}…`;
  const lines = Array.isArray(value)
    ? value.map((item) => `${indent}- ${describe(item, depth + 1).trimStart()}`)
    : Object.entries(value).map(([name, item]) =>
      typeof item === "object" && item !== null
        ? `${indent}${name}:\n${describe(item, depth + 1)}`
        : `${indent}${name}: ${describe(item)}`
    );
  return lines.length > 0 ? lines.join("\n") : `${indent}nothing`;
}
