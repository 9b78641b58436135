/**
 * A failed dependency as something the model says.
 * @module
 */
import type { RunEvent } from "../run/event.ts";
import type { RunRequest } from "../run/request.ts";

/** What a client is told where a model does not say it otherwise. */
export const DEGRADED_MESSAGE =
  "A service this model depends on cannot be reached at the moment. Please try again later.";

/** How a run degrades. */
export interface DegradeOptions {
  /** What was asked; decides between text and refusal. */
  readonly request: RunRequest;
  /** The run's; a stopped run does not degrade. */
  readonly signal: AbortSignal;
  /** Said instead of the failure. */
  readonly message: string;
  /** Which failures are meant. */
  readonly isDependencyError: (error: unknown) => boolean;
  /** Told of a failure that was turned into the message. */
  readonly onFailure: (error: unknown) => void;
  /** Told that the run went well. */
  readonly onSuccess: () => void;
}

/**
 * Passes a run on. A connection-like failure ends it with the message: as text, or as a refusal where
 * the client asked for structured output. What cannot be ended well, a call half made or JSON half
 * said, fails as it did.
 *
 * @param start begins the run; called at the first `next()`
 */
export async function* degradeFailures(
  start: () => AsyncIterable<RunEvent>,
  options: DegradeOptions,
): AsyncGenerator<RunEvent> {
  const { request, signal, message, isDependencyError, onFailure, onSuccess } = options;
  const said = new Said();
  try {
    for await (const event of start()) {
      said.add(event);
      yield event;
    }
    onSuccess();
  } catch (error) {
    const structured = request.output.type !== "text";
    if (signal.aborted || !isDependencyError(error) || !said.canEnd(structured)) throw error;
    onFailure(error);
    if (said.open) yield { type: `${said.open}-end` };
    const part = structured ? "refusal" : "text";
    yield { type: `${part}-start` };
    yield { type: `${part}-delta`, text: message };
    yield { type: `${part}-end` };
    yield { type: "finish", reason: "stop" };
  }
}

type OpenPart = "text" | "refusal" | "reasoning";

/** What has come so far, as far as an ending depends on it. */
class Said {
  open: OpenPart | undefined;
  #text = false;
  #calls = false;
  #finished = false;

  add({ type }: RunEvent): void {
    switch (type) {
      case "text-start":
        this.#text = true;
        this.open = "text";
        return;
      case "refusal-start":
        this.open = "refusal";
        return;
      case "reasoning-start":
        this.open = "reasoning";
        return;
      case "tool-call-start":
      case "approval-request":
        this.#calls = true;
        return;
      case "text-end":
      case "refusal-end":
      case "reasoning-end":
        this.open = undefined;
        return;
      case "finish":
        this.#finished = true;
        return;
    }
  }

  canEnd(structured: boolean): boolean {
    return !this.#calls && !this.#finished && !(structured && this.#text);
  }
}
