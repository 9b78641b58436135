/**
 * Standing orders: who says them and in which order a model reads them.
 * @module
 */
import type { JsonSchema, Message, OutputFormat, SystemMessage } from "../run/request.ts";
import type { StepContext } from "../tools/context.ts";
import type { Toolset } from "../tools/toolset.ts";

/** Standing orders, or a function that makes them anew at every step. */
export type Instruction<Deps = unknown> =
  | string
  | ((ctx: StepContext<Deps>) => string | undefined | Promise<string | undefined>);

/** Instructions sorted once: fixed ones come first, so that backends can cache them. */
export interface InstructionPlan<Deps> {
  readonly fixed: readonly SystemMessage[];
  readonly dynamic: readonly Exclude<Instruction<Deps>, string>[];
}

/** Sorts instructions into fixed and dynamic ones; empty ones vanish. */
export function planInstructions<Deps>(
  instructions: Instruction<Deps> | readonly Instruction<Deps>[] = [],
): InstructionPlan<Deps> {
  const list = typeof instructions === "object" ? instructions : [instructions];
  return {
    fixed: list.flatMap((item) => typeof item === "string" ? toMessages(item) : []),
    dynamic: list.flatMap((item) => typeof item === "string" ? [] : [item]),
  };
}

/** The system messages of one step: fixed, dynamic, the toolsets', then the output's. */
export async function systemMessages<Deps>(
  plan: InstructionPlan<Deps>,
  toolsets: readonly Toolset<Deps>[],
  options: { readonly ctx: StepContext<Deps>; readonly output: readonly SystemMessage[] },
): Promise<readonly SystemMessage[]> {
  const told = toolsets.filter((toolset) => toolset.instructions);
  if (plan.dynamic.length === 0 && told.length === 0) {
    return options.output.length === 0 ? plan.fixed : [...plan.fixed, ...options.output];
  }
  const { ctx } = options;
  const texts = await Promise.all([
    ...plan.dynamic.map((instruction) => instruction(ctx)),
    ...told.map((toolset) => toolset.instructions!(ctx)),
  ]);
  return [...plan.fixed, ...texts.flatMap(toMessages), ...options.output];
}

/**
 * Puts instructions into a conversation. A client's own system messages rank below the agent's, so
 * they come after; an author's history keeps its leading ones in front.
 */
export function insertInstructions(
  messages: readonly Message[],
  instructions: readonly SystemMessage[],
  origin: "client" | "code",
): readonly Message[] {
  if (instructions.length === 0) return messages;
  let at = 0;
  while (origin === "code" && messages[at]?.role === "system") at += 1;
  return [...messages.slice(0, at), ...instructions, ...messages.slice(at)];
}

/** Asks in words for JSON of a schema. */
export function schemaInstruction(schema: JsonSchema): SystemMessage {
  return {
    role: "system",
    content: "Always respond with a JSON object that's compatible with this schema:\n\n" +
      `${JSON.stringify(schema)}\n\n` +
      "Don't include any text or Markdown fencing before or after.",
  };
}

/** Asks in words for JSON; OpenAI's `json_object` format wants the word in the conversation. */
const JSON_OBJECT_INSTRUCTION: SystemMessage = {
  role: "system",
  content: "Always respond with a JSON object. " +
    "Don't include any text or Markdown fencing before or after.",
};

/** Asks in words for a form of answer. */
export function formatInstruction(format: OutputFormat): readonly SystemMessage[] {
  switch (format.type) {
    case "text":
      return [];
    case "json-object":
      return [JSON_OBJECT_INSTRUCTION];
    case "json-schema":
      return [schemaInstruction(format.schema)];
    default:
      return format satisfies never;
  }
}

function toMessages(text: string | undefined): SystemMessage[] {
  return text ? [{ role: "system", content: text }] : [];
}
