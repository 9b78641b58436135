/**
 * What a request refers to instead of saying it.
 * @module
 */
import { RequestError } from "../../run/error.ts";
import { isGiven, isObject } from "../issue.ts";
import type { References } from "../stateful.ts";

const NO_IDS: readonly string[] = Object.freeze([]);

/** Each costs a look-up before anything else of the request is read. */
const MAX_REFERENCES = 10_000;

/**
 * Reads the references of a body that nobody has checked yet.
 *
 * @throws {RequestError} `invalid-value` for more than 10,000
 */
export function readReferences(body: unknown): References {
  if (!isObject(body)) return { itemIds: NO_IDS };
  const { previous_response_id: previous, input } = body;
  const itemIds = Array.isArray(input) ? idsOf(input) : NO_IDS;
  if (typeof previous !== "string") return { itemIds };
  return { previousResponseId: previous, itemIds };
}

function idsOf(input: readonly unknown[]): readonly string[] {
  const ids = new Set<string>();
  for (const item of input) {
    const id = referencedId(item);
    if (id !== undefined) ids.add(id);
    if (ids.size > MAX_REFERENCES) {
      throw new RequestError(
        "invalid-value",
        `Cannot look up more than ${MAX_REFERENCES} items: send them instead of references`,
        { param: "input" },
      );
    }
  }
  return ids.size === 0 ? NO_IDS : [...ids];
}

/** The id an input item refers to; undefined for an item that stands for itself. */
export function referencedId(item: unknown): string | undefined {
  if (!isObject(item) || typeof item.id !== "string") return undefined;
  // The type may be left out, and a message may leave it out as well; but a message has a role.
  const refers = item.type === "item_reference" || (!isGiven(item.type) && !isGiven(item.role));
  return refers ? item.id : undefined;
}
