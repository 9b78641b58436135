/**
 * Tools that take free text, offered to backends as functions with one string argument.
 * @module
 */

const FIELD = "input";

/** The JSON Schema of the arguments of such a function. */
export const CUSTOM_PARAMETERS: Readonly<Record<string, unknown>> = {
  type: "object",
  properties: { [FIELD]: { type: "string", description: "The whole input of the tool" } },
  required: [FIELD],
  additionalProperties: false,
};

/** Free text -> arguments of the function. */
export function customArguments(input: string): string {
  return JSON.stringify({ [FIELD]: input });
}

/** Arguments of the function -> free text; arguments of another form are taken as they are. */
export function customInput(args: string): string {
  try {
    const value: unknown = JSON.parse(args);
    if (typeof value === "object" && value !== null && FIELD in value) {
      const input = (value as Readonly<Record<string, unknown>>)[FIELD];
      if (typeof input === "string") return input;
    }
  } catch {
    // A model may disregard the schema and write the text itself.
  }
  return args;
}
