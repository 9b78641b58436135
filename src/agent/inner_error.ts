/**
 * Errors of the author's code on their way out.
 * @module
 */
import { HttpError, RequestError, RunError } from "../run/error.ts";
import { untilAborted } from "../run/until_aborted.ts";

/**
 * Waits for work of the author's code, until the run is aborted. Errors whose message would go to the client are for those
 * who decode its request: from inside, say from an agent called by an output function, they could
 * tell the client what it must not know.
 */
export async function inside<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await untilAborted(work, signal);
  } catch (error) {
    throw insideError(error);
  }
}

/** What leaves a run in the place of an error from inside. */
export function insideError(error: unknown): unknown {
  return error instanceof RequestError || error instanceof HttpError
    ? new RunError("internal", "Agent failed inside", { cause: error })
    : error;
}
