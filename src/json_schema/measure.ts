/**
 * Depth and size of JSON values, found without recursion.
 * @module
 */

/** What a JSON value weighs. */
export interface JsonMeasure {
  /** Levels of nesting; a scalar has 0. */
  readonly depth: number;
  /** Number of values, keys not counted. */
  readonly nodes: number;
  /** Rough length of the JSON text, in UTF-16 units. */
  readonly chars: number;
}

/** Most a value may weigh. */
export interface JsonBounds {
  readonly maxDepth: number;
  readonly maxNodes: number;
  readonly maxChars: number;
}

/** Weighs a JSON value; stops early and returns undefined when it is beyond `bounds`. */
export function measureJson(value: unknown, bounds: JsonBounds): JsonMeasure | undefined {
  let level: unknown[] = [value];
  let depth = 0;
  let nodes = 0;
  let chars = 0;
  while (level.length > 0) {
    const next: unknown[] = [];
    for (const item of level) {
      nodes += 1;
      chars += 4;
      if (typeof item === "string") chars += item.length;
      if (typeof item !== "object" || item === null) continue;
      if (Array.isArray(item)) {
        for (const child of item) next.push(child);
      } else {
        for (const [key, child] of Object.entries(item)) {
          chars += key.length;
          next.push(child);
        }
      }
      if (nodes + next.length > bounds.maxNodes || chars > bounds.maxChars) return undefined;
    }
    if (nodes > bounds.maxNodes || chars > bounds.maxChars) return undefined;
    level = next;
    if (next.length > 0) depth += 1;
    if (depth > bounds.maxDepth) return undefined;
  }
  return { depth, nodes, chars };
}
