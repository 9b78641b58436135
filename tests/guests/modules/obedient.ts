/**
 * A module that does what it is told: the code in a request, whatever it is. Tests of escapes speak
 * through it, as code that a malicious author wrote.
 * @module
 */
import type { RunEvent } from "../../../src/run/event.ts";
import type { Runner } from "../../../src/run/runner.ts";

/** What a request's text says. */
interface Order {
  /** A function, as text. */
  readonly code: string;
  readonly args: readonly unknown[];
}

/** Something thrown, with what it was caused by. */
interface Thrown {
  readonly name?: string;
  readonly message?: string;
  readonly cause?: Thrown;
}

/** Does it, and says what came of it as JSON. */
export const agent: Runner = {
  async *run(request, context): AsyncGenerator<RunEvent> {
    // Code that looks around shall find all that there is.
    Object.assign(globalThis, { lastRun: [request, context] });
    const [part] = request.messages.at(-1)?.content ?? [];
    const { code, args } = JSON.parse((part as { readonly text: string }).text) as Order;
    yield { type: "text-start" };
    yield { type: "text-delta", text: JSON.stringify(await outcome(code, args)) };
    yield { type: "text-end" };
    yield { type: "finish", reason: "stop" };
  },
};

async function outcome(code: string, args: readonly unknown[]): Promise<unknown> {
  try {
    // Indirect, so that it sees globals alone.
    return { value: await (0, eval)(`(${code})`)(...args) ?? null };
  } catch (error) {
    return { error: told(error as Thrown) };
  }
}

function told({ name, message, cause }: Thrown): string {
  return `${name}: ${message}${cause ? ` (${told(cause)})` : ""}`;
}
