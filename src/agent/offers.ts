/**
 * The tools of one step as the model sees them, and what each name stands for.
 * @module
 */
import { RunError } from "../run/error.ts";
import type { ToolKind, ToolSpec } from "../run/request.ts";
import type { Tool, ToolDefinition } from "../tools/tool.ts";
import type { OutputTool } from "./output_plan.ts";

/** What a name the model may call stands for. */
export type Offer<Deps> =
  | {
    readonly type: "hidden";
    readonly tool: Tool<Deps>;
    /** The tool's for the step; the model may know it by another name. */
    readonly definition: ToolDefinition;
    readonly maxRetries: number;
    readonly timeoutMs: number | undefined;
  }
  | { readonly type: "output"; readonly tool: OutputTool; readonly maxRetries: number }
  | { readonly type: "external"; readonly name: string; readonly kind: ToolKind };

/** A hidden tool with its definition for the step. */
export interface HiddenTool<Deps> {
  readonly definition: ToolDefinition;
  readonly offer: Extract<Offer<Deps>, { type: "hidden" | "external" }>;
}

/** The tools of one step. */
export interface Offers<Deps> {
  readonly specs: readonly ToolSpec[];
  /** By the name the model uses. */
  readonly byName: ReadonlyMap<string, Offer<Deps>>;
}

/** What there is to offer. */
export interface OfferSources<Deps> {
  readonly hidden: readonly HiddenTool<Deps>[];
  readonly output: readonly Extract<Offer<Deps>, { type: "output" }>[];
  /** Tools of the client that the model may call now. */
  readonly client: readonly ToolSpec[];
  /** Every name the client uses, offered now or not. */
  readonly clientNames: ReadonlySet<string>;
}

/**
 * Puts all tools side by side. The client's keep their names; a hidden one of the same name, or of
 * a name backends refuse, gets another one towards the model.
 */
export function makeOffers<Deps>(sources: OfferSources<Deps>): Offers<Deps> {
  const specs: ToolSpec[] = [];
  const byName = new Map<string, Offer<Deps>>();
  const taken = new Set(sources.clientNames);
  for (const { definition, offer } of sources.hidden) {
    const name = freeName(definition.name, taken);
    const { description, parameters, strict } = definition;
    specs.push({ name, kind: "function", description, parameters, strict });
    byName.set(name, offer);
  }
  for (const offer of sources.output) {
    const name = freeName(offer.tool.spec.name, taken);
    specs.push(name === offer.tool.spec.name ? offer.tool.spec : { ...offer.tool.spec, name });
    byName.set(name, offer);
  }
  for (const spec of sources.client) {
    specs.push(spec.kind === "custom" ? asFunction(spec) : spec);
    byName.set(spec.name, { type: "external", name: spec.name, kind: spec.kind });
  }
  return { specs, byName };
}

/**
 * Those of the offers that a request still has.
 *
 * @throws {RunError} `internal` when it has others
 */
export function restrictOffers<Deps>(
  { byName }: Offers<Deps>,
  specs: readonly ToolSpec[],
): Offers<Deps> {
  const left = new Map<string, Offer<Deps>>();
  for (const { name } of specs) {
    const offer = byName.get(name);
    if (!offer) {
      throw new RunError(
        "internal",
        `Cannot change the tools of a model request: "${name}" was added; only filter and edit`,
      );
    }
    left.set(name, offer);
  }
  return { specs, byName: left };
}

const MAX_NAME = 64;

/** `name`, or something like it that is legal and not taken; takes it. */
function freeName(name: string, taken: Set<string>): string {
  const legal = name.replaceAll(/[^a-zA-Z0-9_-]/g, "_").slice(0, MAX_NAME) || "tool";
  let free = legal;
  for (let count = 2; taken.has(free); count++) {
    const suffix = `_${count}`;
    free = legal.slice(0, MAX_NAME - suffix.length) + suffix;
  }
  taken.add(free);
  return free;
}

/** Backends need not know custom tools: the free text becomes the only argument of a function. */
function asFunction(spec: ToolSpec): ToolSpec {
  return {
    name: spec.name,
    kind: "function",
    description: spec.description,
    parameters: {
      type: "object",
      properties: { input: { type: "string" } },
      required: ["input"],
      additionalProperties: false,
    },
  };
}
