/**
 * Stacks that tell of code only, by its own lines.
 * @module
 */
import type { Script } from "./script.ts";

/** Scripts by the names that stacks have for them. */
export const scripts = new Map<string, Script>();

/** Begins a line of a stack. */
export const FRAME = `${" ".repeat(4)}at `;

/** What V8 knows of a place in a stack. */
interface CallSite {
  readonly getScriptNameOrSourceURL: () => string | undefined;
  readonly getFunctionName: () => string | null;
  readonly getLineNumber: () => number;
  readonly getColumnNumber: () => number;
}

Object.assign(Error, {
  prepareStackTrace: (error: Error, sites: readonly CallSite[]) =>
    [`${error.name}: ${error.message}`, ...sites.flatMap(frameOf)].join("\n"),
});

function frameOf(site: CallSite): string[] {
  const name = site.getScriptNameOrSourceURL() ?? "";
  const line = scripts.get(name)?.lineOf(site.getLineNumber());
  if (line === undefined) return [];
  const place = `${name}:${line}:${site.getColumnNumber()}`;
  const caller = site.getFunctionName();
  return [`${FRAME}${caller ? `${caller} (${place})` : place}`];
}

/** The message of a stack, and its frames. */
export function splitStack(stack: string): readonly [message: string, frames: string] {
  const end = stack.indexOf(`\n${FRAME}`);
  return end < 0 ? [stack, ""] : [stack.slice(0, end), stack.slice(end)];
}
