/**
 * Several hooks around one piece of work.
 * @module
 */
import type { StepContext } from "../tools/context.ts";
import type { HookResult } from "./hooks.ts";

/** The hooks of one point, each kind in the order in which it is called. */
export interface PointHooks<Ctx, Subject> {
  readonly before: readonly ((ctx: Ctx, subject: Subject) => unknown)[];
  /** Outermost first. */
  readonly wrap: readonly ((
    ctx: Ctx,
    subject: Subject,
    next: (input: unknown) => Promise<unknown>,
  ) => unknown)[];
  readonly after: readonly ((ctx: Ctx, subject: Subject, result: unknown) => unknown)[];
  readonly onError: readonly ((ctx: Ctx, subject: Subject, error: unknown) => unknown)[];
}

/** What a chain must know of its point, whose subjects carry the input that hooks may change. */
export interface PointOptions<Subject> {
  readonly inputOf: (subject: Subject) => unknown;
  /** The subject with another input. */
  readonly withInput: (subject: Subject, input: unknown) => Subject;
  /** Tells errors that say how the work ended from those that say that it failed. */
  readonly isOutcome: (error: unknown) => boolean;
}

/** Does the work on an input, with all hooks around it. */
export type HookChain<Ctx, Subject> = (
  ctx: Ctx,
  subject: Subject,
  work: (input: unknown) => Promise<unknown>,
) => Promise<unknown>;

/** A point with any hooks; undefined when there are none. */
export function unlessEmpty<Point extends Readonly<Record<string, readonly unknown[]>>>(
  point: Point,
): Point | undefined {
  return Object.values(point).some((hooks) => hooks.length > 0) ? point : undefined;
}

/** Chains the hooks of a point; undefined when there are none. */
export function chainHooks<Ctx extends Pick<StepContext, "signal">, Subject>(
  point: PointHooks<Ctx, Subject>,
  { inputOf, withInput, isOutcome }: PointOptions<Subject>,
): HookChain<Ctx, Subject> | undefined {
  const { before, wrap, after, onError } = point;
  if (before.length + wrap.length + after.length + onError.length === 0) return undefined;
  return async (ctx, initial, work) => {
    let subject = initial;
    for (const hook of before) {
      const input = await hook(ctx, subject);
      if (input !== undefined) subject = withInput(subject, input);
    }
    const wrapped = wrap.reduceRight<(input: unknown) => Promise<unknown>>(
      (next, hook) => async (input) => await hook(ctx, withInput(subject, input), next),
      async (input) => {
        // Hooks that ignored the abort come here when nobody waits for them any more.
        ctx.signal.throwIfAborted();
        subject = withInput(subject, input);
        return await work(input);
      },
    );
    let result: unknown;
    try {
      result = await wrapped(inputOf(subject));
    } catch (error) {
      if (ctx.signal.aborted || isOutcome(error)) throw error;
      const recoveries = onError.map((hook) => (failure: unknown) => hook(ctx, subject, failure));
      result = await recover(recoveries, { error, isOutcome });
    }
    for (const hook of after) {
      const changed = await hook(ctx, subject, result);
      if (changed !== undefined) result = changed;
    }
    return result;
  };
}

/**
 * Asks one hook after the other for something in the place of a failure; each is told what the one
 * before threw.
 *
 * @throws what the last one threw, or the error itself when nobody had anything
 */
export async function recover<Result>(
  hooks: readonly ((error: unknown) => HookResult<Result>)[],
  options: { readonly error: unknown; readonly isOutcome?: (error: unknown) => boolean },
): Promise<Result> {
  let { error } = options;
  for (const hook of hooks) {
    try {
      const result = await hook(error);
      if (result !== undefined) return result as Result;
    } catch (thrown) {
      if (options.isOutcome?.(thrown)) throw thrown;
      error = thrown;
    }
  }
  throw error;
}
