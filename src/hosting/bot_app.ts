/**
 * Bots: an app with everything around its agents wired.
 * @module
 */
import { SetupError } from "../run/error.ts";
import { type App, type AppOptions, createApp } from "./app.ts";
import type { RequestContextFactory } from "./entrypoint.ts";
import type { AppSource } from "./fake_models.ts";

/** What `createBotApp` takes besides the models. */
export interface BotAppOptions extends Omit<AppOptions, "requestContextFactory"> {
  /** Makes the deps of each request: a `ContextPipeline`, or a function. */
  readonly context?: { readonly factory: RequestContextFactory } | RequestContextFactory;
  /**
   * Whether clients see, as reasoning, the labels of tools and what workflows tell of their progress:
   * mode `custom` of `responsesReasoning`.
   * @default false
   */
  readonly progress?: boolean;
}

/**
 * `createApp` for bots: who asks becomes typed deps (`context`), MCP servers come along
 * (`managedMcp`), failures of what they depend on are told in the operator's words
 * (`dependencyErrors`), and clients see what is going on (`progress`).
 *
 * ```ts
 * import {
 *   Agent,
 *   ContextPipeline,
 *   createBotApp,
 *   DemoBackend,
 *   liveClient,
 *   Route,
 *   RouterWorkflow,
 * } from "@x/fakellm";
 * import { z } from "zod";
 *
 * const model = new DemoBackend();
 * const desk = new RouterWorkflow({
 *   model,
 *   routes: [
 *     new Route("billing", new Agent({ model }), "Bills and payments"),
 *     new Route("shipping", new Agent({ model }), "Where a parcel is"),
 *   ],
 *   fallback: "shipping",
 * });
 * const context = new ContextPipeline(z.object({ userId: z.string() }))
 *   .fromHeader("X-User-Id", { as: "userId" });
 * await using client = liveClient(createBotApp({ desk }, { context, progress: true }));
 * ```
 *
 * @throws {SetupError} when an option or a model is wrong, or `progress` contradicts
 *   `responsesReasoning`
 */
export function createBotApp(models: AppSource, options: BotAppOptions = {}): App {
  const { context, progress = false, responsesReasoning, ...rest } = options;
  if (progress && responsesReasoning && responsesReasoning.mode !== "custom") {
    throw new SetupError(
      `Cannot show progress in mode "${responsesReasoning.mode}": leave one of the two out`,
      { path: "responsesReasoning" },
    );
  }
  return createApp(models, {
    ...rest,
    requestContextFactory: typeof context === "object" ? context.factory : context,
    responsesReasoning: progress ? { mode: "custom" } : responsesReasoning,
  });
}
