/**
 * What clients are given to read a recorded answer.
 * @module
 */

/** Answers the requests of a client. */
export type Answering = typeof fetch;

/** What a client must know of the request whose answer it reads. */
export interface Reading {
  /** The tools it offered, in the form of the Responses API. */
  readonly tools: readonly WireTool[];
}

/** A tool as it is offered. */
export interface WireTool {
  readonly type: string;
  readonly name?: string;
  readonly parameters?: Readonly<Record<string, unknown>> | null;
  readonly tools?: readonly WireTool[];
}

/** Where clients believe the server to be. */
export const BASE_URL = "http://localhost/v1";

/** The tools a client can call, those below a common name by their own. */
export function callable(
  tools: readonly WireTool[],
): readonly (WireTool & { readonly name: string })[] {
  return tools.flatMap((tool) => {
    if (tool.tools) return callable(tool.tools);
    const { name } = tool;
    return name === undefined ? [] : [{ ...tool, name }];
  });
}
