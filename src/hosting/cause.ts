/**
 * Why something failed, down to the bottom, for the log.
 * @module
 */

/** Most errors told of; a chain can be a circle. */
const MAX_ERRORS = 10;
const MAX_CHARS = 300;

/**
 * The messages of everything below `error`, each once, from the top down; undefined when there is
 * nothing below.
 */
export function causesOf(error: unknown): string | undefined {
  const seen = new Set<unknown>([error]);
  const messages = new Set<string>();
  const waiting = below(error);
  while (waiting.length > 0 && seen.size <= MAX_ERRORS) {
    const next = waiting.shift();
    if (seen.has(next)) continue;
    seen.add(next);
    messages.add((next instanceof Error ? next.message : String(next)).slice(0, MAX_CHARS));
    waiting.unshift(...below(next));
  }
  messages.delete("");
  return messages.size === 0 ? undefined : [...messages].join("; because: ");
}

function below(error: unknown): unknown[] {
  if (!(error instanceof Error)) return [];
  const several: unknown[] = error instanceof AggregateError ? error.errors : [];
  return error.cause === undefined ? [...several] : [...several, error.cause];
}
