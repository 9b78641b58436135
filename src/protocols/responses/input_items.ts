/**
 * Input items as they are kept and listed: each with an id, messages with a list of parts.
 * @module
 */
import { encodeJsonLine } from "../sse.ts";
import type { InputItem as KeptInputItem, StoredItem } from "../stateful.ts";
import { idStem } from "./items.ts";

/** An item of the input: kept from before, or as the client sent it, with its type. */
export type InputItem =
  | { readonly kept: StoredItem }
  | { readonly wire: Readonly<Record<string, unknown>> };

const PREFIXES: Readonly<Record<string, string>> = {
  "message": "msg_",
  "function_call": "fc_",
  "function_call_output": "fco_",
  "custom_tool_call": "ctc_",
  "custom_tool_call_output": "ctco_",
  "reasoning": "rs_",
  "mcp_approval_response": "mcpa_",
};
const OTHER_PREFIX = "item_";
const MAX_ID_LENGTH = 128;

/** Gives each item an id that no other item of the request has. */
export function encodeInputItems(
  items: readonly InputItem[],
  responseId: string,
): readonly KeptInputItem[] {
  const stem = idStem(responseId);
  const ids = new Set<string>();
  return items.map((item, index) => {
    if ("kept" in item && !ids.has(item.kept.id)) {
      ids.add(item.kept.id);
      return { ...item.kept, minted: false };
    }
    const wire: Readonly<Record<string, unknown>> = "kept" in item
      ? JSON.parse(item.kept.json)
      : item.wire;
    // The letter keeps the ids of input and output apart.
    const minted = `${prefixOf(wire.type)}${stem}i${index}`;
    const own = isUsable(wire.id) && !ids.has(wire.id) ? wire.id : undefined;
    const id = own ?? minted;
    ids.add(id);
    return { id, json: encodeItem(wire, id), minted: own === undefined };
  });
}

function prefixOf(type: unknown): string {
  return typeof type === "string" && Object.hasOwn(PREFIXES, type) ? PREFIXES[type]! : OTHER_PREFIX;
}

function isUsable(id: unknown): id is string {
  return typeof id === "string" && id !== "" && id.length <= MAX_ID_LENGTH;
}

function encodeItem(wire: Readonly<Record<string, unknown>>, id: string): string {
  const { content, role } = wire;
  const status = wire.status ?? "completed";
  if (wire.type !== "message" || typeof content !== "string") {
    return encodeJsonLine({ ...wire, id, status });
  }
  const part = role === "assistant"
    ? { type: "output_text", text: content, annotations: [], logprobs: [] }
    : { type: "input_text", text: content };
  return encodeJsonLine({ ...wire, id, status, content: [part] });
}
