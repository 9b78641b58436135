/**
 * The deployment file's language as JSON Schema, for editors.
 * @module
 */
import { z } from "zod";
import type { JsonSchema } from "../run/request.ts";
import { deploymentSchema } from "./schema.ts";

/** What stands for a value that a variable gives. */
const VARIABLE: JsonSchema = {
  type: "string",
  pattern: "\\$\\{",
  description: "A variable as ${NAME} or ${NAME:-default}.",
};

/** The schema of the file as it is written, that is before variables are expanded. */
export function deploymentJsonSchema(): JsonSchema {
  return {
    title: "fakellm deployment",
    ...z.toJSONSchema(deploymentSchema, {
      io: "input",
      target: "draft-7",
      override: ({ jsonSchema }) => {
        if (!takesVariable(jsonSchema)) return;
        const { description, ...bare } = jsonSchema;
        for (const key of Object.keys(bare)) delete jsonSchema[key];
        jsonSchema.anyOf = [bare, VARIABLE];
        if (description !== undefined) jsonSchema.description = description;
      },
    }),
  };
}

/** Whether `schema` would refuse a variable's name in place of its value. */
function takesVariable(schema: z.core.JSONSchema.BaseSchema): boolean {
  return schema.type === "number" || schema.type === "integer" || schema.type === "boolean" ||
    (schema.type === "string" && (schema.pattern !== undefined || schema.enum !== undefined));
}
