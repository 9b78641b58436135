/**
 * Tool arguments out of a user's words.
 * @module
 */
import type { JsonSchema, ToolSpec } from "../run/request.ts";
import { schemaExample } from "./schema_example.ts";

/** What values may be taken from. */
export interface DemoSources {
  /** What the user said last. */
  readonly said: string;
  /** What the answer would be, for arguments that ask for one. */
  readonly answer: string;
}

/** Arguments for a tool: JSON text, or free text for a custom one. */
export function demoArguments(tool: ToolSpec, sources: DemoSources): string {
  if (tool.kind === "custom") return sources.said;
  const schema = tool.parameters ?? { type: "object", properties: {} };
  return JSON.stringify(schemaExample(schema, { pick: demoPick(sources) }));
}

/** Chooses values by the names of properties; each number and quotation is used once. */
export function demoPick(
  { said, answer }: DemoSources,
): (property: string, schema: JsonSchema) => unknown {
  const text = said.slice(0, 4000);
  const numbers = Array.from(
    text.matchAll(/(?<![\w.-])-?\d+(?:\.\d+)?(?![\w-])/g),
    ([n]) => Number(n),
  );
  const quotations = Array.from(
    text.matchAll(/"([^"]+)"|“([^”]+)”|(?<!\w)'([^']+)'(?!\w)|`([^`]+)`/g),
    (match) => match.slice(1).find((group) => group !== undefined) ?? "",
  );
  return (property, schema) => {
    const named = namedValue(text, property);
    if (schema["enum"] !== undefined) return enumValue(text, schema["enum"]);
    switch (schema["type"]) {
      case "number":
      case "integer":
        return named !== undefined && /^-?\d+(\.\d+)?$/.test(named)
          ? Number(named)
          : numbers.shift();
      case "boolean":
        return named === undefined ? undefined : !/^(false|no|off)$/i.test(named);
      case "string":
      case undefined:
        return named ?? quotations.shift() ?? wordsFor(property.toLowerCase(), text, answer);
      default:
        return undefined;
    }
  };
}

/** `name: value` or `name=value` in the text. */
function namedValue(text: string, property: string): string | undefined {
  if (!/^\w{2,40}$/.test(property)) return undefined;
  const match = new RegExp(`\\b${property}\\s*[:=]\\s*(?:"([^"]*)"|([^\\s,;]+))`, "i").exec(text);
  return match?.[1] ?? match?.[2];
}

function enumValue(text: string, values: unknown): unknown {
  if (!Array.isArray(values)) return undefined;
  const lower = text.toLowerCase();
  return values.find((value) => typeof value === "string" && lower.includes(value.toLowerCase()));
}

/** A string by what its property is usually called. */
function wordsFor(property: string, text: string, answer: string): string | undefined {
  if (/url|link|website|href/.test(property)) return /https?:\/\/[^\s"'<>]+/.exec(text)?.[0];
  if (/mail/.test(property)) return /[\w.+-]+@[\w-]+(\.[\w-]+)+/.exec(text)?.[0];
  if (/city|town|place|location|country|region|address|where|destination|origin/.test(property)) {
    return /\b(?:in|at|for|near|to|from|of)\s+(\p{Lu}[\p{L}'-]*(?:[\s,]+\p{Lu}[\p{L}'-]*)*)/u
      .exec(text)?.[1];
  }
  if (/answer|response|result|summary|reply|output|reason|verdict|explanation/.test(property)) {
    return answer;
  }
  if (/name|person|who/.test(property)) {
    return /(?<=\s)\p{Lu}\p{L}+(?:\s\p{Lu}\p{L}+)*/u.exec(text)?.[0];
  }
  if (
    /query|question|search|text|prompt|message|input|content|topic|subject|term|task/.test(property)
  ) {
    return topic(text) || undefined;
  }
  return undefined;
}

/** What is asked about: the words after "for", "about" or "on", or else all of them. */
function topic(text: string): string {
  const after = /\b(?:for|about|on)\s+([^.?!\n]+)/i.exec(text)?.[1];
  return (after ?? text).replace(/[.?!]+$/, "").trim();
}
