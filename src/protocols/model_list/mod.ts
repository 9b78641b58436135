/**
 * OpenAI's model list.
 * @module
 */
import { RequestError } from "../../run/error.ts";

export { encodeModel, encodeModelList, type ListedModel } from "./encode.ts";

/** Path of the list below the prefix, always GET; one model's path has `/` and its id after it. */
export const MODEL_LIST_PATH = "/models";

/** Most characters of a client's model name that an error repeats. */
const MAX_NAME = 128;

/**
 * The refusal of a model that does not exist and of one the caller may not use: the same words, so
 * that nobody can find out which models there are.
 */
export function modelNotFound(id: string): RequestError {
  const name = id.length > MAX_NAME ? `${id.slice(0, MAX_NAME)}…` : id;
  return new RequestError(
    "model-not-found",
    `The model ${JSON.stringify(name)} does not exist or you do not have access to it`,
    { param: "model" },
  );
}
