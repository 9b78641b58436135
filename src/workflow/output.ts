/**
 * Checks that a workflow's text is the JSON the client asked for.
 * @module
 */
import { compileFormat } from "../agent/request_check.ts";
import { RunError } from "../run/error.ts";
import type { OutputFormat } from "../run/request.ts";

/** Throws when a finished text does not have the form asked for. */
export type OutputCheck = (text: string) => void;

/**
 * Makes the check of one request's answer, before anything is spent on the answer itself.
 *
 * @throws {RequestError} `invalid-value` when the client's schema cannot be used
 */
export async function makeOutputCheck(output: OutputFormat): Promise<OutputCheck> {
  const format = await compileFormat(output);
  if (!format) return () => {};
  return (text) => {
    const issues = format.check.check(parse(text));
    if (issues.length === 0) return;
    const list = issues.map(({ path, message }) => path === "" ? message : `${path}: ${message}`);
    throw new RunError(
      "run-failed",
      `Workflow's answer is not what the client asked for: ${list.join("; ")}`,
    );
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new RunError("run-failed", "Workflow must answer with JSON", { cause: error });
  }
}
