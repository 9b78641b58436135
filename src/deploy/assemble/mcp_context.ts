/**
 * What the requests of clients bring for MCP servers: the deps of a deployment's models.
 * @module
 */
import { z } from "zod";
import { ContextPipeline } from "../../context/pipeline.ts";
import type { RequestContextFactory } from "../../hosting/entrypoint.ts";
import type { ResolvedMcp, ResolvedModel, ResolvedRequestValue } from "../resolved.ts";

/** Field of the deps that holds a header of an MCP server. */
export function valueField(server: string, header: string): string {
  return `mcps.${server}.headers.${header}`;
}

/**
 * Makes the deps of each request: what the model's MCP servers take of it, and nothing for models that
 * have none of those. Undefined where no model has.
 */
export function assembleMcpContext(
  models: readonly ResolvedModel[],
  mcps: readonly ResolvedMcp[],
): RequestContextFactory | undefined {
  const factories = new Map<string, RequestContextFactory>();
  for (const { id, mcps: used } of models) {
    const values = mcps.filter(({ name }) => used.includes(name)).flatMap(requestValues);
    if (values.length > 0) factories.set(id, pipelineOf(values).factory);
  }
  return factories.size === 0 ? undefined : (context) => factories.get(context.modelId)?.(context);
}

interface FieldValue {
  readonly field: string;
  readonly value: ResolvedRequestValue;
}

function requestValues({ name, connection }: ResolvedMcp): FieldValue[] {
  if (connection.transport === "stdio") return [];
  return Object.entries(connection.headers).flatMap(([header, value]) =>
    typeof value === "string" ? [] : [{ field: valueField(name, header), value }]
  );
}

const PLAIN = z.union([z.string(), z.number(), z.boolean()], {
  error: "Value must be text, a number or a boolean",
});

/** Which fields there are is known at run time only: nothing can be said of any. */
type FieldPipeline = ContextPipeline<unknown, unknown, never>;

function pipelineOf(values: readonly FieldValue[]): FieldPipeline {
  const schema = z.object(
    Object.fromEntries(
      values.map(({ field, value }) => [field, value.optional ? PLAIN.optional() : PLAIN]),
    ),
  );
  return values.reduce(take, new ContextPipeline<unknown, unknown, never>(schema));
}

function take(
  pipeline: FieldPipeline,
  { field, value: { from, name, optional } }: FieldValue,
): FieldPipeline {
  const options = { as: field, optional };
  switch (from) {
    case "header":
      return pipeline.fromHeader(name, options);
    case "extra":
      return pipeline.fromExtra(name, options);
    case "auth":
      return pipeline.fromAuth(options);
    default:
      return from satisfies never;
  }
}
