/**
 * Asks a model which route answers a request.
 * @module
 */
import { Agent } from "../agent/agent.ts";
import { nativeOutput, toolOutput } from "../agent/output.ts";
import type { AgentOptions } from "../agent/plan.ts";
import { RunError } from "../run/error.ts";
import type { UsageReport } from "../run/event.ts";
import type { ModelSettings, RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import { type InnerResult, runInner } from "./inner_run.ts";
import type { Route } from "./route.ts";
import { routeInstructions, routePrompt } from "./route_prompt.ts";

/** How a model is asked. */
export interface ChooserOptions {
  readonly model: AgentOptions["model"];
  readonly routes: ReadonlyMap<string, Route>;
  readonly instructions: string | undefined;
  readonly retries: number;
  readonly settings: ModelSettings | undefined;
  readonly images: boolean;
}

/** A model that can only say the id of a route. */
export class RouteChooser {
  readonly #agent: Agent<unknown, unknown>;
  readonly #routes: ReadonlyMap<string, Route>;
  readonly #images: "none" | "inline" | "all";

  /** Prepares to ask; nothing is called. */
  constructor({ model, routes, instructions, retries, settings, images }: ChooserOptions) {
    const schema = {
      type: "object",
      properties: { route: { type: "string", enum: [...routes.keys()] } },
      required: ["route"],
      additionalProperties: false,
    };
    // A backend that knows no JSON Schema is asked for it in words; one that knows no JSON by a tool.
    const output = model.profile.structuredOutput === "none"
      ? toolOutput(schema)
      : nativeOutput(schema, { name: "route", strict: true });
    this.#agent = new Agent<unknown, unknown>({
      name: "router",
      model,
      instructions: [routeInstructions(routes.values()), instructions ?? ""],
      output,
      outputRetries: retries,
      settings,
    });
    this.#routes = routes;
    this.#images = !images ? "none" : model.profile.fetchUrls ? "all" : "inline";
  }

  /**
   * The route the model names.
   *
   * @param options `report`: told the tokens of each call as it is made
   * @throws {RunError} `run-failed` when it names none, also when asked again
   * @throws whatever the model throws
   */
  async choose(
    request: RunRequest,
    options: { readonly context: RunContext; readonly report: (usage: UsageReport) => void },
  ): Promise<Route> {
    const prompt = [routePrompt(request.messages, { images: this.#images })];
    const around = { request, ...options };
    let result: InnerResult;
    try {
      result = await runInner(this.#agent, around, { prompt });
    } catch (error) {
      if (!(error instanceof RunError) || error.code !== "run-failed") throw error;
      throw noRoute(error.message, error);
    }
    const route = this.#routes.get(idOf(result.output) ?? "");
    if (route) return route;
    throw noRoute(result.refusal === "" ? "its answer was cut off" : "it refused");
  }
}

function noRoute(reason: string, cause?: unknown): RunError {
  return new RunError("run-failed", `Router's model named no route: ${reason}`, { cause });
}

function idOf(output: unknown): string | undefined {
  if (typeof output !== "object" || output === null || !("route" in output)) return undefined;
  return typeof output.route === "string" ? output.route : undefined;
}
