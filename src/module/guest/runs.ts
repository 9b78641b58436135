/**
 * Runs in a guest.
 * @module
 */
import type { RunRequest } from "../../run/request.ts";
import type { RunContext } from "../../run/runner.ts";
import type { IdSource } from "../../run/seams.ts";
import type { GuestContext, HostMessage } from "../guest_messages.ts";
import type { ExportedModel } from "./exported_models.ts";
import { failureOf } from "./failure.ts";
import { ask, runAtHand } from "./host_services.ts";
import { output } from "./output.ts";

type RunMessage = Extract<HostMessage, { readonly type: "run" }>;

const ids: IdSource = {
  mint: (prefix) => prefix + crypto.randomUUID().replaceAll("-", ""),
};

const clock: RunContext["clock"] = {
  now: () => Date.now(),
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** One run on its way. */
export class GuestRun {
  readonly #number: number;
  readonly #controller = new AbortController();
  readonly #aborted = Promise.withResolvers<never>();
  #credit: number;
  /** As the signal says, which takes its time when it is asked. */
  #stopped = false;
  #more: (() => void) | undefined;

  constructor({ run, credit }: RunMessage) {
    this.#number = run;
    this.#credit = credit;
    this.#aborted.promise.catch(() => {});
  }

  grant(events: number): void {
    this.#credit += events;
    this.#more?.();
  }

  abort(): void {
    this.#stopped = true;
    const reason = new DOMException("The run was stopped", "AbortError");
    this.#controller.abort(reason);
    this.#aborted.reject(reason);
    this.#more?.();
  }

  /** Answers, and tells how it ended; at once when it is stopped, whatever its code still does. */
  async answer(model: ExportedModel, { request, context }: RunMessage): Promise<void> {
    const run = this.#number;
    try {
      const events = runAtHand.run(
        run,
        () => this.#events(model, request, this.#context(context)),
      );
      await Promise.race([events, this.#aborted.promise]);
      output.send({ type: "done", run });
    } catch (error) {
      output.send({ type: "error", run, error: failureOf(error) });
    }
  }

  async #events(model: ExportedModel, request: RunRequest, context: RunContext): Promise<void> {
    const { signal } = this.#controller;
    const run = this.#number;
    const { runner, leave } = await model.enter(requestContext(request, context));
    try {
      for await (const event of runner.run(request, context)) {
        while (this.#credit === 0 && !this.#stopped) {
          await new Promise<void>((resolve) => this.#more = resolve);
        }
        if (this.#stopped) throw signal.reason;
        output.sendEvent(run, event);
        this.#credit -= 1;
      }
    } finally {
      await leave();
    }
  }

  #context({ runId, modelId, callerName, headers, reasoning }: GuestContext): RunContext {
    const run = this.#number;
    return {
      runId,
      modelId,
      principal: { name: callerName, tenant: "host" },
      signal: this.#controller.signal,
      headers: new Headers(headers.map(([name, value]) => [name, value])),
      deps: undefined,
      clock,
      ids,
      logger: { log: (level, message) => output.log(level, message) },
      turns: {
        park: async (_, turn) => void await ask({ service: "turn-park", turn }, { run }),
        find: (_, id) => ask({ service: "turn-find", id }, { run }) as never,
        begin: (_, id, refused) => ask({ service: "turn-begin", id, refused }, { run }) as never,
        settle: async (_, id, messages) =>
          void await ask({ service: "turn-settle", id, messages }, { run }),
      },
      reasoning,
    };
  }
}

/** What factories and workflows see of a request; has the form of fakellm's own. */
function requestContext(request: RunRequest, context: RunContext) {
  const own = (fields: Readonly<Record<string, unknown>>, name: string) =>
    Object.hasOwn(fields, name) ? fields[name] : undefined;
  return {
    authName: context.principal.name,
    modelId: context.modelId,
    signal: context.signal,
    deps: context.deps,
    header: (name: string) => context.headers.get(name) ?? undefined,
    parameter: (name: string) => own(request.parameters, name),
    extraParameter: (name: string) => own(request.extraParameters, name),
  };
}
