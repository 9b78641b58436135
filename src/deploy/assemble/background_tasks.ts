/**
 * Builds what answers a model's background tasks.
 * @module
 */
import { Agent } from "../../agent/agent.ts";
import type { FakeModelOptions } from "../../hosting/fake_models.ts";
import type { Model } from "../../models/model.ts";
import type { ResolvedModel } from "../resolved.ts";

/**
 * As the file says; for a backend, an agent without orders or tools of its own, whose one call of the
 * LLM has no limit but the client's: reasoning would use up a small one.
 */
export function assembleBackgroundTasks(
  { id, backgroundTasks }: Pick<ResolvedModel, "id" | "backgroundTasks">,
  backends: ReadonlyMap<string, Model>,
): FakeModelOptions["backgroundTasks"] {
  if (backgroundTasks.type !== "backend") return backgroundTasks.type;
  const model = backends.get(backgroundTasks.backend);
  if (!model) return "rule";
  return new Agent({
    name: `${id} background tasks`,
    model,
    limits: { maxSteps: 1 },
    outputRetries: 0,
  });
}
