/**
 * What to tell operators of a failure in a backend.
 * @module
 */

/** The message of `error`, or what stands in for it where it has none. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.message !== "") return error.message;
  // A name with several addresses fails with one error for each.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : error.name;
}
