/**
 * `instructions`, `input` and what they continue from -> neutral messages.
 * @module
 */
import { RequestError } from "../../run/error.ts";
import type { ApprovalAnswer, Message } from "../../run/request.ts";
import { TEXT_SEPARATOR } from "../../run/result.ts";
import {
  at,
  describeValue,
  isGiven,
  isObject,
  missing,
  type Path,
  readFilled,
  readItems,
  readShape,
  wrongType,
  wrongValue,
} from "../issue.ts";
import { Conversation } from "./conversation.ts";
import {
  decodeAssistantContent,
  decodeCallOutput,
  decodeSystemContent,
  decodeUserContent,
} from "./decode_parts.ts";
import type { StoredHistory, StoredItem } from "../stateful.ts";
import type { InputItem } from "./input_items.ts";
import { isOwnApproval, isOwnReasoning } from "./items.ts";
import { referencedId } from "./references.ts";
import type { ToolNames } from "./tool_names.ts";
import {
  type ItemWire,
  itemWire,
  reasoningPartWire,
  type ResponsesRequestWire,
  SKIPPED_ITEMS,
} from "./wire.ts";

/** What a request says. */
export interface DecodedInput {
  readonly messages: readonly Message[];
  /** What the client says to what it was asked. */
  readonly approvals: readonly ApprovalAnswer[];
  /** The items of `messages` without the instructions, to be kept. */
  readonly items: readonly InputItem[];
}

/**
 * Reads the conversation, in time linear in its length.
 *
 * @throws {RequestError} naming the offending item or part of it;
 *   `previous-response-not-found`, `item-not-found`
 */
export function decodeInput(
  request: ResponsesRequestWire,
  { names, stored }: { readonly names: ToolNames; readonly stored: StoredHistory | undefined },
): DecodedInput {
  const reader = new InputReader(names, stored);
  const { instructions, input, previous_response_id: previous } = request;
  if (isGiven(instructions)) reader.instructions(instructions);
  if (isGiven(previous)) reader.previous(previous);
  const path = at(null, "input");
  const read = (item: unknown, itemPath: Path) => reader.item(item, itemPath);
  if (typeof input === "string") {
    reader.item({ type: "message", role: "user", content: input }, path);
  } else if (isGiven(input) && !Array.isArray(input)) {
    throw wrongType(path, { got: input, expected: "a string or an array of items" });
  } else if (!isGiven(previous)) {
    readFilled(input, { path, read });
  } else if (isGiven(input)) {
    readItems(input, { path, read });
  }
  return reader.end();
}

class InputReader {
  readonly #conversation = new Conversation();
  readonly #items: InputItem[] = [];
  readonly #names: ToolNames;
  readonly #stored: StoredHistory | undefined;
  readonly #referenced = new Set<string>();
  readonly #approvals = new Map<string, ApprovalAnswer>();

  constructor(names: ToolNames, stored: StoredHistory | undefined) {
    this.#names = names;
    this.#stored = stored;
  }

  instructions(content: string): void {
    this.#conversation.add({ role: "system", content });
  }

  previous(id: string): void {
    const items = this.#stored?.previous;
    const param = "previous_response_id";
    if (!items) {
      const message = `Previous response with id ${describeValue(id)} not found`;
      throw new RequestError("previous-response-not-found", message, { param });
    }
    const status = this.#stored?.previousStatus ?? "completed";
    if (status !== "completed" && status !== "incomplete") {
      const message = `Cannot continue response ${describeValue(id)}: its status is "${status}", ` +
        'expected "completed" or "incomplete"';
      throw new RequestError("invalid-value", message, { param });
    }
    for (const item of items) this.#keptItem(item, at(null, param));
  }

  item(item: unknown, path: Path): void {
    const id = referencedId(item);
    if (id !== undefined) return this.#reference(id, path);
    if (!isObject(item)) throw wrongType(path, { got: item, expected: "an object" });
    // A message may leave out its type.
    const typed = isGiven(item.type) || !isGiven(item.role) ? item : { ...item, type: "message" };
    this.#read(typed, path);
    this.#items.push({ wire: typed });
  }

  end(): DecodedInput {
    const approvals = [...this.#approvals.values()];
    return { messages: this.#conversation.end(), approvals, items: this.#items };
  }

  #reference(id: string, path: Path): void {
    const item = this.#stored?.items.get(id);
    if (item) {
      // A few bytes each would otherwise make a conversation of any size.
      if (this.#referenced.has(id)) {
        throw wrongValue(at(path, "id"), { got: id, expected: "one reference to each item" });
      }
      this.#referenced.add(id);
      return this.#keptItem(item, path);
    }
    // Reasoning is never missed: what a model thought is of no use to others.
    if (id.startsWith("rs_")) return;
    const message = `Item with id ${describeValue(id)} not found`;
    throw new RequestError("item-not-found", message, { param: "input" });
  }

  #keptItem(item: StoredItem, path: Path): void {
    const wire: unknown = JSON.parse(item.json);
    if (isObject(wire)) this.#read(wire, path);
    this.#items.push({ kept: item });
  }

  #read(item: Readonly<Record<string, unknown>>, path: Path): void {
    const { type } = item;
    const typePath = at(path, "type");
    // Only a reference without an id comes here.
    if (type === "item_reference") {
      const idPath = at(path, "id");
      if (!isGiven(item.id)) throw missing(idPath);
      throw wrongType(idPath, { got: item.id, expected: "a string" });
    }
    if (!isGiven(type)) throw missing(typePath);
    if (typeof type !== "string") throw wrongType(typePath, { got: type, expected: "a string" });
    if (SKIPPED_ITEMS.has(type)) return;
    if (!READ_ITEMS.has(type)) {
      throw wrongValue(typePath, { got: type, expected: "a type of input item" });
    }
    this.#add(readShape(item, { schema: itemWire, path }), path);
  }

  #add(item: ItemWire, path: Path): void {
    const conversation = this.#conversation;
    switch (item.type) {
      case "message":
        return this.#message(item, at(path, "content"));
      case "function_call":
      case "custom_tool_call": {
        const call = {
          id: item.call_id,
          name: this.#names.towardsModel(item.name, item.namespace),
        };
        conversation.call(
          item.type === "function_call"
            ? { ...call, kind: "function", arguments: item.arguments }
            : { ...call, kind: "custom", arguments: item.input },
          at(path, "call_id"),
        );
        return;
      }
      case "function_call_output":
      case "custom_tool_call_output":
        conversation.reply(item.call_id, {
          content: decodeCallOutput(item.output, at(path, "output")),
          path: at(path, "call_id"),
        });
        return;
      case "reasoning": {
        const text = isGiven(item.id) && isOwnReasoning(item.id)
          ? textOf(item.summary, at(path, "summary"))
          : "";
        if (text !== "") conversation.think(text);
        return;
      }
      case "mcp_approval_request":
        // Those of other services are about tools that are not here, as are the answers to them.
        if (isGiven(item.id) && isOwnApproval(item.id)) conversation.ask(item.id, at(path, "id"));
        return;
      case "mcp_approval_response":
        if (isOwnApproval(item.approval_request_id)) this.#answer(item, path);
        return;
      default:
        item satisfies never;
    }
  }

  #answer(
    { approval_request_id: id, approve, reason }: Extract<
      ItemWire,
      { readonly type: "mcp_approval_response" }
    >,
    path: Path,
  ): void {
    if (this.#approvals.has(id)) {
      const idPath = at(path, "approval_request_id");
      throw wrongValue(idPath, { got: id, expected: "one response to each mcp_approval_request" });
    }
    this.#conversation.answer(id);
    this.#approvals.set(id, isGiven(reason) ? { id, approve, reason } : { id, approve });
  }

  #message(item: Extract<ItemWire, { readonly type: "message" }>, path: Path): void {
    const conversation = this.#conversation;
    switch (item.role) {
      case "system":
      case "developer":
        conversation.add({ role: "system", content: decodeSystemContent(item.content, path) });
        return;
      case "user":
        conversation.add({ role: "user", content: decodeUserContent(item.content, path) });
        return;
      case "assistant":
        conversation.say(decodeAssistantContent(item.content, path));
        return;
      default:
        item.role satisfies never;
    }
  }
}

const READ_ITEMS: ReadonlySet<string> = new Set(
  itemWire.options.map((option) => option.shape.type.value),
);

function textOf(summary: unknown, path: Path): string {
  if (!isGiven(summary)) return "";
  const texts = readItems(summary, {
    path,
    read: (part, partPath) => readShape(part, { schema: reasoningPartWire, path: partPath }).text,
  });
  return texts.filter((text) => text !== "").join(TEXT_SEPARATOR);
}
