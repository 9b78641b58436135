/**
 * A JSON Schema of unknown origin -> a check of values, in bounded time.
 * @module
 */
import type { OutputUnit, Schema, Validator } from "@cfworker/json-schema";
import { JsonSchemaError, type SchemaIssue } from "./error.ts";
import { type JsonBounds, measureJson } from "./measure.ts";
import { toSchemaIssues } from "./issues.ts";
import type { SafeSchema } from "./keyword.ts";
import { sanitise } from "./sanitise.ts";

/** Checks values against one schema. */
export interface JsonSchemaCheck {
  /** What is wrong with `value`, a JSON value; empty when it conforms. At most ten findings. */
  check(value: unknown): readonly SchemaIssue[];
}

/** Bounds of a schema: 64 levels, 20,000 values, 256 KiB. */
const SCHEMA_BOUNDS: JsonBounds = { maxDepth: 64, maxNodes: 20_000, maxChars: 256 * 1024 };
/** Bounds of a checked value. */
const VALUE_BOUNDS: JsonBounds = { maxDepth: 100, maxNodes: 100_000, maxChars: 16 * 1024 * 1024 };
/** Pairwise comparison costs the square of this. */
const COMPARED_VALUE_BOUNDS: JsonBounds = { ...VALUE_BOUNDS, maxNodes: 4_000 };
/** Most evaluations of a subschema in one check; a few tenths of a second. */
const MAX_EVALUATIONS = 300_000;

/**
 * Compiles a schema once for many checks.
 *
 * `pattern`, `format` and `patternProperties` are not evaluated, because a regular expression of
 * unknown origin can run for ever. References must be pointers into the same document.
 *
 * @throws {JsonSchemaError} when the schema is malformed, too large, or not supported
 */
export async function compileJsonSchema(schema: unknown): Promise<JsonSchemaCheck> {
  if (!measureJson(schema, SCHEMA_BOUNDS)) {
    const { maxDepth, maxNodes, maxChars } = SCHEMA_BOUNDS;
    throw new JsonSchemaError(
      "",
      `Schema exceeds ${maxDepth} levels, ${maxNodes} values or ${maxChars / 1024} KiB`,
    );
  }
  const { Validator } = await import("@cfworker/json-schema");
  try {
    const { root, schemas, comparesItems } = sanitise(schema);
    const budget: EvaluationBudget = { left: 0 };
    for (const safe of schemas) countEvaluations(safe, budget);
    const bounds = comparesItems ? COMPARED_VALUE_BOUNDS : VALUE_BOUNDS;
    return new BoundedCheck(new Validator(root as Schema, "2020-12"), budget, bounds);
  } catch (error) {
    if (error instanceof JsonSchemaError) throw error;
    // A chain of references deeper than the stack, or a key that is no valid Unicode.
    throw new JsonSchemaError("", "Schema cannot be compiled", { cause: error });
  }
}

interface EvaluationBudget {
  left: number;
}

class BudgetSpent extends Error {
  override readonly name = "BudgetSpent";
}

class BoundedCheck implements JsonSchemaCheck {
  readonly #validator: Validator;
  readonly #budget: EvaluationBudget;
  readonly #bounds: JsonBounds;

  constructor(validator: Validator, budget: EvaluationBudget, bounds: JsonBounds) {
    this.#validator = validator;
    this.#budget = budget;
    this.#bounds = bounds;
  }

  check(value: unknown): readonly SchemaIssue[] {
    if (!measureJson(value, this.#bounds)) return [{ path: "", message: "Value is too large" }];
    this.#budget.left = MAX_EVALUATIONS;
    let errors: OutputUnit[];
    try {
      const result = this.#validator.validate(value);
      if (result.valid) return [];
      errors = result.errors;
    } catch {
      // The budget is spent, or the stack is: what cannot be checked does not conform.
      return [{ path: "", message: "Value takes too long to check against its schema" }];
    }
    return toSchemaIssues(errors);
  }
}

/**
 * The validator reads `$recursiveAnchor` once for each evaluation of a schema, so a getter there
 * counts them: references can make the work exponential in the depth of the value.
 */
function countEvaluations(schema: SafeSchema, budget: EvaluationBudget): void {
  Object.defineProperty(schema, "$recursiveAnchor", {
    enumerable: false,
    get(): undefined {
      budget.left -= 1;
      if (budget.left < 0) throw new BudgetSpent();
      return undefined;
    },
  });
}
