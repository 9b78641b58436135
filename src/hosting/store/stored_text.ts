/**
 * Texts in a form that every backend gives back as it was.
 * @module
 */

/**
 * A tenant or an id without what is lost on its way through UTF-8 and C: NUL and lone halves of
 * surrogate pairs become escapes. Different texts stay different; ordinary ones stay as they are.
 */
export function storedText(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
