/**
 * Background tasks answered without any model.
 * @module
 */
import { compileJsonSchema } from "../../json_schema/compile.ts";
import { JsonSchemaError } from "../../json_schema/error.ts";
import type { RunEvent } from "../../run/event.ts";
import type { JsonSchema, RunRequest } from "../../run/request.ts";
import type { BackgroundTask } from "./background_task.ts";
import { shortened, titleOf } from "./title.ts";

/** Shows neither joy nor sorrow. */
const NEUTRAL_EMOJI = "🙂";

const MAX_IMAGE_PROMPT = 400;

/** Keywords of a schema that the check leaves out. */
const UNCHECKED = /"(?:pattern|patternProperties|format)":/;

/**
 * What the rule says to a task; undefined where the client asks for a form it cannot keep. The same
 * task gets the same answer, every time. A stop sequence cuts text; of JSON, half is of no use.
 */
export async function ruleAnswer(
  task: BackgroundTask,
  { output, settings }: Pick<RunRequest, "output" | "settings">,
): Promise<string | undefined> {
  const [name, value] = fieldOf(task);
  const object = { [name]: value };
  switch (output.type) {
    case "text":
      return task.format === "json" || typeof value !== "string"
        ? JSON.stringify(object)
        : untilStop(value, settings.stop);
    case "json-object":
      return JSON.stringify(object);
    case "json-schema":
      return await allows(output.schema, object) ? JSON.stringify(object) : undefined;
    default:
      return output satisfies never;
  }
}

/** The events of a run that says `text`. No model is called, so no tokens are used. */
export function* saying(text: string): Generator<RunEvent> {
  yield { type: "text-start" };
  yield { type: "text-delta", text };
  yield { type: "text-end" };
  yield { type: "finish", reason: "stop" };
}

/** The one field of the JSON object that clients read. */
function fieldOf({ kind, subject }: BackgroundTask): readonly [string, string | readonly string[]] {
  switch (kind) {
    case "title":
      return ["title", titleOf(subject)];
    case "tags":
      return ["tags", ["General"]];
    case "follow-ups":
      return ["follow_ups", []];
    case "search-queries":
      return ["queries", []];
    case "autocomplete":
      return ["text", ""];
    case "emoji":
      return ["emoji", NEUTRAL_EMOJI];
    case "image-prompt":
      return ["prompt", shortened(subject, MAX_IMAGE_PROMPT)];
    default:
      return kind satisfies never;
  }
}

async function allows(schema: JsonSchema, value: unknown): Promise<boolean> {
  if (UNCHECKED.test(JSON.stringify(schema))) return false;
  try {
    return (await compileJsonSchema(schema)).check(value).length === 0;
  } catch (error) {
    // Whoever answers instead tells the client what is wrong with its schema.
    if (error instanceof JsonSchemaError) return false;
    throw error;
  }
}

function untilStop(text: string, stops: readonly string[] = []): string {
  return stops.reduce((rest, stop) => stop === "" ? rest : rest.split(stop, 1)[0]!, text);
}
