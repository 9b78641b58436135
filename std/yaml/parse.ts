/**
 * Stand-in for `@std/yaml/parse`, over `npm:yaml`.
 * @module
 */
import { parseDocument } from "npm:yaml@^2.9.0";

/** The options of `parse` this project uses. */
export interface ParseOptions {
  /** Which YAML schema to read with; this project only uses YAML 1.2's core schema. */
  readonly schema?: "core";
}

/**
 * Reads one YAML document.
 *
 * @throws {SyntaxError} when the text is not one well-formed YAML document
 */
export function parse(content: string, options: ParseOptions = {}): unknown {
  const document = parseDocument(content, {
    schema: options.schema ?? "core",
    prettyErrors: true,
    logLevel: "silent",
  });
  const first = document.errors[0];
  if (first) throw new SyntaxError(first.message);
  // Aliases become shared references, as in the real package: the caller bounds what it walks.
  return document.toJS({ maxAliasCount: -1 });
}
