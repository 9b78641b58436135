/**
 * Body of a Responses request -> what is asked and how the answer shall look.
 * @module
 */
import { RequestError } from "../../run/error.ts";
import type { RunRequest } from "../../run/request.ts";
import { readShape } from "../issue.ts";
import { checkMetadata, extraParameters, readBody } from "../top_level.ts";
import { decodeInput } from "./decode_input.ts";
import { decodeOutput, decodeSettings, refuseUnsupported } from "./decode_settings.ts";
import { decodeTools } from "./decode_tools.ts";
import { encodeEcho } from "./echo.ts";
import type { StoredHistory } from "../stateful.ts";
import type { InputItem } from "./input_items.ts";
import type { AnswerForm } from "./response_object.ts";
import { type ResponsesRequestWire, responsesRequestWire } from "./wire.ts";

/** A decoded request. */
export interface ResponsesCall {
  readonly request: RunRequest;
  readonly form: AnswerForm;
  /** Whether response and items are to be kept. */
  readonly store: boolean;
  readonly background: boolean;
  readonly inputItems: readonly InputItem[];
}

const INTERPRETED: ReadonlySet<string> = new Set(Object.keys(responsesRequestWire.shape));

/**
 * Reads a parsed JSON body.
 *
 * @param stored what was found of its references; absent where nothing is ever kept
 * @throws {RequestError} naming the offending field
 */
export function decodeResponses(value: unknown, stored: StoredHistory | undefined): ResponsesCall {
  const body = readBody(value);
  const wire = readShape(body, { schema: responsesRequestWire, path: null });
  refuseUnsupported(wire);
  checkMetadata(body.metadata);
  const kept = decodeKeeping(wire, { canStore: stored !== undefined });
  const { tools, toolChoice, parallelToolCalls, names, echoedTools, echoedChoice } = decodeTools(
    wire,
  );
  const { messages, approvals, items } = decodeInput(wire, { names, stored });
  const { output, echo } = decodeOutput(wire.text?.format);
  return {
    request: {
      messages,
      tools,
      toolChoice,
      parallelToolCalls,
      output,
      settings: decodeSettings(wire),
      stream: wire.stream === true,
      maxToolCalls: wire.max_tool_calls ?? undefined,
      approvals,
      parameters: body,
      extraParameters: extraParameters(body, INTERPRETED),
    },
    form: {
      model: wire.model,
      echo: encodeEcho({
        request: wire,
        body,
        tools: echoedTools,
        toolChoice: echoedChoice,
        format: echo,
        ...kept,
      }),
      names,
      background: kept.background,
    },
    ...kept,
    inputItems: items,
  };
}

/** What is said of keeping is the truth, whatever was asked for. */
function decodeKeeping(
  wire: ResponsesRequestWire,
  { canStore }: { readonly canStore: boolean },
): { readonly store: boolean; readonly background: boolean } {
  const store = canStore && wire.store !== false;
  const background = wire.background === true;
  if (background && !store) {
    throw new RequestError(
      canStore ? "invalid-value" : "unsupported-parameter",
      canStore
        ? 'Cannot use "background" with "store": false'
        : 'Cannot use "background": answers are not kept here',
      { param: "background" },
    );
  }
  return { store, background };
}
