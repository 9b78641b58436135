/**
 * The native Agent.
 * @module
 */
import { standaloneContext } from "../context/standalone.ts";
import { RunError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import { plainRequest, userMessage } from "../run/plain_request.ts";
import type { Message, ModelSettings, RunRequest } from "../run/request.ts";
import type { FinishReason, Usage } from "../run/result.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import { checkKnownTools } from "../tools/combined.ts";
import { enterToolsets, leaveToolset } from "../tools/toolset.ts";
import { hookedRun } from "./hooked_run.ts";
import { runLoop } from "./loop.ts";
import type { OutputSpec } from "./output.ts";
import { planOutput } from "./output_plan.ts";
import { type AgentOptions, type AgentPlan, planAgent } from "./plan.ts";
import { RunState } from "./run_state.ts";

/** Options of a run that code starts. */
export interface GenerateOptions<Deps = unknown> {
  /** For tools and instructions. */
  readonly deps?: Deps;
  /** Stops the run. */
  readonly signal?: AbortSignal;
  /** Anything else a run is given; inside a tool, `ctx.run` hands the caller's on. */
  readonly context?: Partial<RunContext>;
  /** Messages before the prompt, as those of earlier results. */
  readonly history?: readonly Message[];
  /** Win over the agent's. */
  readonly settings?: ModelSettings;
}

/** Options that replace the agent's output, and with it the output validators. */
export interface GenerateOutputOptions<Deps, Output> extends GenerateOptions<Deps> {
  /** What this run answers with. */
  readonly output: OutputSpec<Output, Deps>;
}

/** What a run that code started came to. */
export interface AgentResult<Output> {
  /** The final answer. */
  readonly output: Output;
  /** The output as a client would get it. */
  readonly text: string;
  /** What the run added to the history, a prompt given as string included. */
  readonly messages: readonly Message[];
  /** Of all model calls together, those of runs inside included. */
  readonly usage: Usage;
  /** Number of model calls, without those of runs inside. */
  readonly modelCalls: number;
  /** Successful calls of tools. */
  readonly toolCalls: number;
  /** `length` or `content-filter` where the answer was cut. */
  readonly finishReason: FinishReason;
  /** The run's id, as in logs. */
  readonly runId: string;
}

/**
 * A model with instructions, hidden tools and a typed output. Immutable; one instance serves any
 * number of runs at once, each with a state of its own.
 *
 * ```ts
 * import { Agent } from "@x/fakellm/agent";
 * import { ScriptedModel } from "@x/fakellm/testing";
 *
 * const agent = new Agent({
 *   model: new ScriptedModel(["Hello!"]),
 *   instructions: "Greet whoever writes.",
 * });
 * const { output } = await agent.generate("Hi");
 * ```
 */
export class Agent<Deps = unknown, Output = string> implements Runner, AsyncDisposable {
  /** For logs and errors. */
  readonly name: string;
  readonly #plan: AgentPlan<Deps>;
  /** Without a disposal yet. */
  #starts = 0;

  /**
   * Makes an agent; nothing is started or loaded.
   *
   * @throws {SetupError} when tools have one name, or outputs cannot go together
   */
  constructor(options: AgentOptions<Deps, Output>) {
    this.#plan = planAgent(options);
    this.name = this.#plan.name;
  }

  /**
   * Answers a client. The client's history is never executed, its system messages rank below the
   * agent's instructions, and nothing of hidden tools leaves but as traces.
   *
   * @throws {RequestError} when the client asked for what the agent or its model cannot do
   * @throws {RunError} when the run failed
   */
  run(request: RunRequest, context: RunContext): AsyncGenerator<RunEvent> {
    return this.#events(() => new RunState(this.#plan, { request, context, origin: "client" }));
  }

  /** Runs with an output of the call's own. */
  generate<Other>(
    prompt: string | readonly Message[],
    options: GenerateOutputOptions<Deps, Other>,
  ): Promise<AgentResult<Other>>;
  /**
   * Runs from code.
   *
   * @param prompt what the user says, or a conversation that ends with it
   * @throws {RunError} `run-failed` when there is no output: a refusal, a cut answer, a limit, or a
   *   call of an external tool, for which use `stream`
   */
  generate(
    prompt: string | readonly Message[],
    options?: GenerateOptions<Deps>,
  ): Promise<AgentResult<Output>>;
  async generate(
    prompt: string | readonly Message[],
    options: GenerateOptions<Deps> & { readonly output?: OutputSpec<unknown, Deps> } = {},
  ): Promise<AgentResult<unknown>> {
    const { run, added } = this.#start(prompt, { ...options, stream: false });
    for await (const _event of this.#events(() => run));
    const { output, finishReason } = run;
    if (!output || !finishReason) throw noOutput(run);
    return {
      output: output.value,
      text: output.text,
      messages: [...added, ...run.own],
      usage: run.usage,
      modelCalls: run.modelCalls,
      toolCalls: run.toolCalls,
      finishReason,
      runId: run.context.runId,
    };
  }

  /** Runs from code; the events are those a client's answer is made of. */
  stream(
    prompt: string | readonly Message[],
    options: GenerateOptions<Deps> = {},
  ): AsyncGenerator<RunEvent> {
    return this.#events(() => this.#start(prompt, { ...options, stream: true }).run);
  }

  /**
   * Starts the toolsets for the time until disposal; runs start those that are not, for themselves.
   *
   * @throws {SetupError} when two toolsets turn out to have a tool of one name
   */
  async start(): Promise<void> {
    const { toolsets, codeMode } = this.#plan;
    await enterToolsets(toolsets);
    try {
      checkKnownTools(toolsets);
      await codeMode?.start(this.name);
      this.#starts += 1;
    } catch (error) {
      await Promise.all(toolsets.map(leaveToolset));
      throw error;
    }
  }

  /** Lets go of the toolsets. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { toolsets, codeMode } = this.#plan;
    // Others may use the same code mode.
    const started = this.#starts > 0;
    if (started) this.#starts -= 1;
    await Promise.all([
      ...toolsets.map(leaveToolset),
      started ? codeMode?.[Symbol.asyncDispose]() : undefined,
    ]);
  }

  #events(start: () => RunState<Deps>): AsyncGenerator<RunEvent> {
    const { run } = this.#plan.hooks;
    return run ? hookedRun(run, start) : runLoop(start);
  }

  #start(
    prompt: string | readonly Message[],
    options: GenerateOptions<Deps> & {
      readonly output?: OutputSpec<unknown, Deps>;
      readonly stream: boolean;
    },
  ): { readonly run: RunState<Deps>; readonly added: readonly Message[] } {
    const plan = options.output
      ? { ...this.#plan, output: planOutput(options.output), validators: [], cache: {} }
      : this.#plan;
    const history = options.history ?? [];
    const given: readonly Message[] = typeof prompt === "string" ? [] : prompt;
    const added: readonly Message[] = [
      ...(history.length + given.length === 0 ? plan.systemPrompt : []),
      ...(typeof prompt === "string" ? [userMessage(prompt)] : []),
    ];
    const { context = {}, settings = {} } = options;
    const run = new RunState<Deps>(plan, {
      request: plainRequest([...history, ...given, ...added], { settings, stream: options.stream }),
      context: standaloneContext({
        ...context,
        ...("deps" in options ? { deps: options.deps } : {}),
        ...(options.signal ? { signal: options.signal } : {}),
      }),
      origin: "code",
    });
    return { run, added };
  }
}

function noOutput<Deps>(run: RunState<Deps>): RunError {
  const reason = run.refusal !== ""
    ? "the model refused"
    : run.finishReason === "length"
    ? "the model reached its token limit"
    : run.finishReason === "content-filter"
    ? "a content filter stopped the model"
    : "the model called an external tool";
  return new RunError("run-failed", `Run has no output: ${reason}`);
}
