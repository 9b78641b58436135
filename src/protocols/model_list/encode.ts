/**
 * Served models -> the model list.
 *
 * Source: https://platform.openai.com/docs/api-reference/models, as typed by openai 7.57.0
 * (2026-11-23)
 * @module
 */
import { encodeJsonLine } from "../sse.ts";

/** A model as the list shows it. */
export interface ListedModel {
  /** The served name. */
  readonly id: string;
  /** Whole seconds since 1970. */
  readonly createdAtS: number;
  /** A name for people. */
  readonly name?: string;
  /** What the model is for, in a sentence. */
  readonly description?: string;
  /** Tokens of a prompt and its answer together. */
  readonly contextLength?: number;
  /** Most tokens of an answer. */
  readonly maxOutputTokens?: number;
}

/** JSON text of the answer to `GET /models`. */
export function encodeModelList(models: readonly ListedModel[]): string {
  return encodeJsonLine({ object: "list", data: models.map(modelWire) });
}

/** JSON text of the answer to `GET /models/{id}`. */
export function encodeModel(model: ListedModel): string {
  return encodeJsonLine(modelWire(model));
}

/** The first four fields are OpenAI's; clients look for the others under these names. */
function modelWire(model: ListedModel): Readonly<Record<string, unknown>> {
  return {
    id: model.id,
    object: "model",
    created: model.createdAtS,
    "owned_by": "fakellm",
    name: model.name,
    description: model.description,
    "context_length": model.contextLength,
    "max_output_tokens": model.maxOutputTokens,
  };
}
