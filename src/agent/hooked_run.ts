/**
 * A run with the agent's hooks around it.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { Finish, RunEvent } from "../run/event.ts";
import { EventGrammar, GrammarError } from "../run/grammar.ts";
import { TEXT_SEPARATOR } from "../run/result.ts";
import { untilAborted } from "../run/until_aborted.ts";
import { recover } from "./hook_chain.ts";
import { eventsOf, eventsUntilAborted } from "./hook_events.ts";
import type { RunHookPlan } from "./hook_plan.ts";
import type { RunOutcome } from "./hooks.ts";
import { inside, insideError } from "./inner_error.ts";
import { runLoop } from "./loop.ts";
import { textPart } from "./model_reader.ts";
import { OpenPart } from "./open_part.ts";
import type { RunState } from "./run_state.ts";

/**
 * Runs an agent that has hooks of runs. The last event waits until all of them have had their say.
 *
 * @throws {RequestError} as the run itself does
 * @throws {RunError} when the run or a hook failed
 */
export async function* hookedRun<Deps>(
  hooks: RunHookPlan<Deps>,
  start: () => RunState<Deps>,
): AsyncGenerator<RunEvent> {
  const run = start();
  run.keptOpen = true;
  const hooked = new HookedRun(run, hooks);
  try {
    await hooked.askBefore();
    try {
      yield* hooked.events();
    } catch (error) {
      yield* await hooked.recover(error);
    }
    yield await hooked.finish();
  } finally {
    await run.close();
  }
}

class HookedRun<Deps> {
  readonly #run: RunState<Deps>;
  readonly #hooks: RunHookPlan<Deps>;
  readonly #part = new OpenPart();
  /** All text that has gone out. */
  #text = "";
  #hasCalls = false;
  #finish: Finish | undefined;
  #begun = false;
  /** What the run itself threw. */
  #runError: unknown;

  constructor(run: RunState<Deps>, hooks: RunHookPlan<Deps>) {
    this.#run = run;
    this.#hooks = hooks;
  }

  async askBefore(): Promise<void> {
    const ctx = this.#run.view();
    const work = async () => {
      for (const hook of this.#hooks.before) await hook(ctx);
    };
    await inside(work(), this.#run.signal);
  }

  /** All but the last event. */
  async *events(): AsyncGenerator<RunEvent> {
    const grammar = this.#hooks.wrap.length > 0 ? new EventGrammar() : undefined;
    for await (const event of this.#wrapped()) {
      if (grammar) accept(grammar, event);
      this.#note(event);
      if (event.type !== "finish") yield event;
    }
    if (!this.#finish) throw new RunError("internal", "Hook ended a run without finish");
    // A run that did not come to its end has no answer but what went out instead.
    if (this.#run.finishReason === undefined && !this.#hasCalls) this.#answer(this.#text);
    this.#run.finishReason = this.#finish.reason;
  }

  /**
   * Ends a failed run with what a hook has to say.
   *
   * @throws what the run ends in when there is nothing to say, or no way to
   */
  async recover(error: unknown): Promise<readonly RunEvent[]> {
    const { context, signal } = this.#run;
    try {
      // A run may be aborted by its deadline while its caller still listens.
      if (context.signal.aborted) throw error;
      const ctx = this.#run.view();
      const recoveries = this.#hooks.onError.map((hook) => (failure: unknown) =>
        hook(ctx, failure)
      );
      const { text, output = text } = await untilAborted(
        recover(recoveries, { error }),
        context.signal,
      );
      if (this.#hasCalls) throw error;
      this.#answer(text, output);
      this.#run.finishReason = "stop";
      this.#finish = { type: "finish", reason: "stop" };
      return [...this.#part.close(), ...textPart(text, { phase: "final" })];
    } catch (failure) {
      const isRuns = failure === this.#runError || failure === signal.reason;
      throw isRuns ? failure : insideError(failure);
    }
  }

  /** The last event, once the hooks have seen what the run came to. */
  async finish(): Promise<RunEvent> {
    const run = this.#run;
    const { reason } = this.#finish!;
    const outcome: RunOutcome = {
      ...(run.output ? { output: run.output.value } : {}),
      text: run.output?.text ?? "",
      refusal: run.refusal,
      messages: [...run.own],
      finishReason: reason,
    };
    const ctx = run.view();
    const work = async () => {
      for (const hook of this.#hooks.after) await hook(ctx, outcome);
    };
    // One that was recovered at its deadline is aborted already.
    await inside(work(), run.signal.aborted ? run.context.signal : run.signal);
    return this.#finish!;
  }

  #wrapped(): AsyncIterable<RunEvent> {
    const { wrap } = this.#hooks;
    if (wrap.length === 0) return this.#runItself();
    const ctx = this.#run.view();
    const wrapped = wrap.reduceRight<() => AsyncIterable<RunEvent>>(
      (next, hook) => () => eventsOf(() => hook(ctx, next)),
      () => this.#runItself(),
    );
    return eventsUntilAborted(wrapped(), this.#run.signal);
  }

  async *#runItself(): AsyncGenerator<RunEvent> {
    if (this.#begun) throw new RunError("internal", "Hook called next() twice: a run happens once");
    this.#begun = true;
    try {
      yield* runLoop(() => this.#run);
    } catch (error) {
      this.#runError = error;
      throw error;
    }
  }

  #note(event: RunEvent): void {
    this.#part.take(event);
    if (event.type === "text-start") this.#text += this.#text === "" ? "" : TEXT_SEPARATOR;
    else if (event.type === "text-delta") this.#text += event.text;
    else if (event.type === "tool-call-start") this.#hasCalls = true;
    else if (event.type === "finish") this.#finish = event;
  }

  #answer(text: string, value: unknown = text): void {
    this.#run.output = { value, text };
    this.#run.own.push({ role: "assistant", content: text, toolCalls: [] });
  }
}

function accept(grammar: EventGrammar, event: RunEvent): void {
  try {
    grammar.accept(event);
  } catch (error) {
    if (!(error instanceof GrammarError)) throw error;
    throw new RunError("internal", `Hook broke the grammar of a run: ${error.message}`, {
      cause: error,
    });
  }
}
