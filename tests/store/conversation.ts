/**
 * Conversations that can be told from half of themselves.
 * @module
 */
import type { StoredRecord } from "../../src/hosting/store/record_store.ts";

/** Items of a conversation; most do not fit a page of the file. */
const ITEM_CHARS: readonly number[] = [100, 3000, 20_000, 500, 9000, 70_000];

/** The response of a conversation and its items; sizes differ by number. */
export function conversation(round: string, number: number): readonly StoredRecord[] {
  const id = `${round}.${number}`;
  const items = ITEM_CHARS.slice(number % ITEM_CHARS.length).map((chars, index): StoredRecord => ({
    kind: "item",
    id: `${id}.${index}`,
    json: JSON.stringify({ id, index, text: "x".repeat(chars) }),
  }));
  const json = JSON.stringify({ id, items: items.length });
  return [{ kind: "response", id, json }, ...items];
}
