/**
 * Lists and objects of whoever is not believed. Their size is looked at before anything in them, and the
 * first part that is wrong ends it: a long list of wrong parts costs no more than one.
 * @module
 */
import { z } from "zod";
import { isShallow } from "../isolation/plain_json.ts";

type Issues = Pick<z.core.$RefinementCtx<unknown>, "issues">;

/** A list of at most `max` parts. */
export function list<Part extends z.ZodType>(
  part: Part,
  { min = 0, max }: { readonly min?: number; readonly max: number },
): z.ZodType<z.output<Part>[], unknown> {
  return z.transform((value, context) => {
    if (!Array.isArray(value)) return refuse(context, "Must be a list");
    if (value.length < min || value.length > max) {
      return refuse(context, `Must have ${min} to ${max} parts, has ${value.length}`);
    }
    const parts: z.output<Part>[] = [];
    for (const [index, given] of value.entries()) {
      const { success, data, error } = part.safeParse(given);
      if (!success) return refuse(context, error, [index]);
      parts.push(data);
    }
    return parts;
  });
}

/** An object of at most `max` entries, whatever their names. */
export function record<Part extends z.ZodType>(
  part: Part,
  { name, max }: { readonly name: z.ZodType<string>; readonly max: number },
): z.ZodType<Record<string, z.output<Part>>, unknown> {
  return z.transform((value, context) => {
    if (!isRecord(value)) return refuse(context, "Must be an object");
    const names = Object.keys(value);
    if (names.length > max) {
      return refuse(context, `Must have at most ${max} entries, has ${names.length}`);
    }
    const entries: Record<string, z.output<Part>> = {};
    for (const given of names) {
      // Set, it would be no entry.
      if (given === "__proto__") continue;
      const read = name.safeParse(given);
      if (!read.success) return refuse(context, read.error);
      const { success, data, error } = part.safeParse(value[given]);
      if (!success) return refuse(context, error, [given]);
      entries[read.data] = data;
    }
    return entries;
  });
}

/** An object of anything that can be written down again. */
export const jsonObject: z.ZodType<Record<string, unknown>, unknown> = z.transform(
  (value, context) => {
    if (!isRecord(value)) return refuse(context, "Must be an object");
    if (!isShallow(value)) return refuse(context, "Nested too deeply");
    if (!Object.hasOwn(value, "__proto__")) return value;
    return Object.fromEntries(Object.entries(value).filter(([name]) => name !== "__proto__"));
  },
);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Tells what is wrong: a sentence, or what is wrong first with a part. */
function refuse(
  { issues }: Issues,
  wrong: string | z.ZodError,
  path: readonly PropertyKey[] = [],
): never {
  const first = typeof wrong === "string" ? undefined : wrong.issues[0];
  issues.push({
    code: "custom",
    message: first?.message ?? `${wrong}`,
    path: [...path, ...first?.path ?? []],
    input: undefined,
  });
  return z.NEVER;
}
