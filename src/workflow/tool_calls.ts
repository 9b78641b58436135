/**
 * A workflow's calls of client tools -> events.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { RunRequest, ToolCall, ToolChoice, ToolSpec } from "../run/request.ts";
import type { IdSource } from "../run/seams.ts";
import type { WorkflowToolCallFields } from "./response.ts";

/**
 * The events of all calls, in order.
 *
 * @throws {RunError} `run-failed` when a call is not one the client offered to take
 */
export function toolCallEvents(
  calls: readonly WorkflowToolCallFields[],
  request: RunRequest,
  ids: IdSource,
): RunEvent[] {
  if (calls.length > 1 && !request.parallelToolCalls) {
    fail(`Answer has ${calls.length} tool calls; the client takes one at a time`);
  }
  const seen = new Set<string>();
  return calls.flatMap((call): RunEvent[] => {
    const { id, name, kind, arguments: args } = toToolCall(call, request, ids);
    if (seen.has(id)) fail(`Tool call id "${id}" is used twice; each call needs its own`);
    seen.add(id);
    return [
      { type: "tool-call-start", id, name, kind },
      { type: "tool-call-delta", arguments: args },
      { type: "tool-call-end" },
    ];
  });
}

function toToolCall(call: WorkflowToolCallFields, request: RunRequest, ids: IdSource): ToolCall {
  const { name } = call;
  const tool = request.tools.find((tool) => tool.name === name);
  if (!tool) {
    const offered = request.tools.map((tool) => `"${tool.name}"`).join(", ") || "no tools";
    fail(`Workflow calls tool "${name}"; the client offers ${offered}`);
  }
  if (!permits(request.toolChoice, name)) {
    fail(`Workflow calls tool "${name}"; the client's tool choice forbids it`);
  }
  return {
    id: call.id || ids.mint("call_"),
    name,
    kind: tool.kind,
    arguments: argumentText(tool, call.arguments ?? {}),
  };
}

/** Whether a call of `name` may be made at all; `required` is a demand, not a limit. */
function permits(choice: ToolChoice, name: string): boolean {
  switch (choice.type) {
    case "auto":
    case "required":
      return true;
    case "none":
      return false;
    case "tool":
      return choice.name === name;
    case "allowed":
      return choice.names.includes(name);
    default:
      return choice satisfies never;
  }
}

function argumentText(tool: ToolSpec, args: string | object): string {
  if (typeof args === "string") return tool.kind === "function" && args === "" ? "{}" : args;
  if (tool.kind === "custom") fail(`Custom tool "${tool.name}" takes text, got an object`);
  return JSON.stringify(args);
}

function fail(message: string): never {
  throw new RunError("run-failed", message);
}
