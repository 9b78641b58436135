/**
 * Tools the client offers: which of them the model may or must call, and how calls come out.
 * @module
 */
import type { RunEvent } from "../run/event.ts";
import type { RunRequest, ToolCall, ToolChoice, ToolKind, ToolSpec } from "../run/request.ts";

/** What the client's `tool_choice` means for a run. */
export interface ClientToolPlan {
  /** Offered to the model; those the client forbids are left out, which is what forbids them. */
  readonly offered: readonly ToolSpec[];
  /** Names of all the client's tools. */
  readonly names: ReadonlySet<string>;
  /** Whether the run must end in a client call. */
  readonly required: boolean;
  /** What the model is told while the run must end in a client call. */
  readonly choice: ToolChoice;
  /** Most client calls of an answer. */
  readonly maxCalls: number;
}

const AUTO: ToolChoice = { type: "auto" };

/** A run without client tools. */
export const NO_CLIENT_TOOLS: ClientToolPlan = {
  offered: [],
  names: new Set(),
  required: false,
  choice: AUTO,
  maxCalls: Infinity,
};

/** Works out a request's client tools. */
export function planClientTools(request: RunRequest): ClientToolPlan {
  const { tools, toolChoice } = request;
  if (tools.length === 0) return NO_CLIENT_TOOLS;
  const plan = {
    names: new Set(tools.map((tool) => tool.name)),
    maxCalls: request.parallelToolCalls ? Infinity : 1,
  };
  const only = (names: readonly string[]) => tools.filter((tool) => names.includes(tool.name));
  switch (toolChoice.type) {
    case "auto":
      return { ...plan, offered: tools, required: false, choice: AUTO };
    case "none":
      return { ...plan, offered: [], required: false, choice: AUTO };
    case "required":
      return { ...plan, offered: tools, required: true, choice: toolChoice };
    case "tool":
      return { ...plan, offered: only([toolChoice.name]), required: true, choice: toolChoice };
    case "allowed": {
      const required = toolChoice.mode === "required";
      const choice: ToolChoice = { type: required ? "required" : "auto" };
      return { ...plan, offered: only(toolChoice.names), required, choice };
    }
    default:
      return toolChoice satisfies never;
  }
}

/** A client call as the client gets it. */
export function surfaceCall(
  call: ToolCall,
  client: { readonly id: string; readonly name: string; readonly kind: ToolKind },
): readonly RunEvent[] {
  const { id, name, kind } = client;
  const text = kind === "custom" ? freeText(call.arguments) : call.arguments || "{}";
  return [
    { type: "tool-call-start", id, name, kind },
    { type: "tool-call-delta", arguments: text },
    { type: "tool-call-end" },
  ];
}

/** The text a custom tool was called with, out of the function it is offered as. */
function freeText(json: string): string {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === "object" && value !== null && Object.hasOwn(value, "input")) {
      const { input } = value as { readonly input: unknown };
      if (typeof input === "string") return input;
    }
  } catch {
    // Not the JSON that was asked for: what the model wrote is the best there is.
  }
  return json;
}
