/**
 * Frames of a `text/event-stream` whose data are JSON.
 *
 * There are no `id:` and `retry:` fields and no `event:` without `data:`: clients in wide use read
 * them as events of their own and fail.
 *
 * Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
 * @module
 */

/** What OpenAI's streams end with. */
export const DONE_FRAME = "data: [DONE]\n\n";

/**
 * JSON text that stays one line for every reader: some split lines at the three Unicode line ends
 * that JSON and SSE allow inside a string.
 */
export function encodeJsonLine(value: unknown): string {
  const json = JSON.stringify(value);
  return UNICODE_LINE_END.test(json) ? json.replace(UNICODE_LINE_ENDS, escapeUnit) : json;
}

/** One event with this value as its data. */
export function dataFrame(value: unknown): string {
  return `data: ${encodeJsonLine(value)}\n\n`;
}

const UNICODE_LINE_END = /[\u0085\u2028\u2029]/;
const UNICODE_LINE_ENDS = /[\u0085\u2028\u2029]/g;

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
