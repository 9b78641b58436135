/**
 * The Runner that lets a model choose which of several Runners answers.
 * @module
 */
import type { AgentOptions } from "../agent/plan.ts";
import { SetupError } from "../run/error.ts";
import type { RunEvent } from "../run/event.ts";
import type { ModelSettings, RunRequest } from "../run/request.ts";
import type { RunContext, Runner } from "../run/runner.ts";
import type { Route } from "./route.ts";
import { RouteChooser } from "./route_chooser.ts";
import { RouteRunners } from "./route_runners.ts";
import { type RouterPlan, RouterRun } from "./router_run.ts";

/** How a router chooses, and among what. */
export interface RouterOptions {
  /** Chooses; sees texts of the conversation, and neither tools nor what they returned. */
  readonly model: AgentOptions["model"];
  /** At least one; with one there is no choice, and the model is not called. */
  readonly routes: readonly Route[];
  /**
   * Id of the route that answers where the model chose none, be it that it failed. @default such a
   * run fails, with the model's own error
   */
  readonly fallback?: string;
  /** What the model should know besides the routes. @default nothing */
  readonly instructions?: string;
  /** Choices beside the routes that are forgiven, per run. @default 1 */
  readonly retries?: number;
  /** Sampling and length of the choice. @default the backend's own */
  readonly settings?: ModelSettings;
  /**
   * Whether the model is shown the images of the last user message. Only for models that see: others
   * refuse them. @default false: it is told where there are images and files
   */
  readonly images?: boolean;
}

/**
 * Answers each request by the route that a model picks for it; the route gets the request as it is,
 * and its events go on untouched. The model names a route and nothing else. The choice holds while
 * the client brings results of tools the route called, and is made anew when the user speaks again.
 * What the hidden tools of one route returned stays out of the sight of the others.
 *
 * @example
 * ```ts
 * import { Agent, DemoBackend, Route, RouterWorkflow } from "@x/fakellm";
 *
 * const model = new DemoBackend();
 * const poet = new Agent({ model, instructions: "Answer in verse." });
 * const coder = new Agent({ model, instructions: "Answer with code." });
 * const router = new RouterWorkflow({
 *   model,
 *   routes: [
 *     new Route("poet", poet, "Poems, songs and stories"),
 *     new Route("coder", coder, "Programs and everything about them"),
 *   ],
 *   fallback: "poet",
 * });
 * ```
 */
export class RouterWorkflow implements Runner, AsyncDisposable {
  readonly #plan: RouterPlan;

  /**
   * Makes a router; nothing is built or started.
   *
   * @throws {SetupError} when there are no routes or two of one id, or the fallback is none of them
   */
  constructor(options: RouterOptions) {
    const { model, routes, retries = 1, instructions, settings, images = false } = options;
    if (routes.length === 0) throw new SetupError("Give the router at least one route, got none");
    const byId = new Map<string, Route>();
    for (const route of routes) {
      if (byId.has(route.id)) {
        throw new SetupError(`Router has two routes named "${route.id}": rename one`);
      }
      byId.set(route.id, route);
    }
    if (!Number.isInteger(retries) || retries < 0) {
      throw new SetupError(`Router's retries must be 0 or a positive whole number, got ${retries}`);
    }
    this.#plan = {
      routes: byId,
      only: routes.length === 1 ? routes[0] : undefined,
      fallback: findFallback(byId, options.fallback),
      chooser: new RouteChooser({ model, routes: byId, instructions, retries, settings, images }),
      runners: new RouteRunners(routes),
    };
  }

  /**
   * Answers one request.
   *
   * @throws {RunError} `run-failed` when the model chose no route and there is no fallback
   * @throws whatever the model, without a fallback, or the route throws
   */
  run(request: RunRequest, context: RunContext): AsyncIterableIterator<RunEvent> {
    return new RouterRun(this.#plan, request, context);
  }

  /**
   * Builds and starts the routes' Runners until disposal, each once however many routes and routers
   * share it. Without it, factories are called at first use and nothing is started.
   */
  async start(): Promise<void> {
    await this.#plan.runners.start();
  }

  /** Lets go of the routes' Runners. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#plan.runners.release();
  }
}

function findFallback(
  routes: ReadonlyMap<string, Route>,
  id: string | undefined,
): Route | undefined {
  if (id === undefined) return undefined;
  const route = routes.get(id);
  if (route) return route;
  const ids = Array.from(routes.keys(), (known) => `"${known}"`).join(", ");
  throw new SetupError(`Router cannot fall back to "${id}": its routes are ${ids}`);
}
