/**
 * A backend of the deployment, for modules that run as guests.
 * @module
 */
import { SetupError } from "../run/error.ts";
import { askHost, hostBridge } from "../run/host_bridge.ts";
import type { Model, ModelCallOptions, ModelEvent, ModelProfile, ModelRequest } from "./model.ts";

/**
 * A backend that the host of this module calls: the module needs no network and sees no key. Which
 * backends there are, the deployment says (`models.ID.backends`). Calls count for the limits of the
 * run they are made in, and end with it.
 *
 * ```ts ignore
 * // agent.ts, served by `models: {desk: {module: ./agent.ts, backends: [main]}}`
 * import { Agent, HostBackend } from "@x/fakellm/agent";
 *
 * export const agent = new Agent({ model: new HostBackend("main"), instructions: "Be brief." });
 * ```
 */
export class HostBackend implements Model {
  /** The deployment's name of the backend. */
  readonly name: string;
  /** What the backend can do. */
  readonly profile: ModelProfile;

  /**
   * Names a backend.
   *
   * @throws {SetupError} where this code does not run as a guest, or may not use the backend
   */
  constructor(name: string) {
    const { backends } = hostBridge(`backend "${name}" of the host`);
    if (!Object.hasOwn(backends, name)) {
      const known = Object.keys(backends).map((key) => `"${key}"`).join(", ") || "none";
      throw new SetupError(`Cannot use backend "${name}" of the host; granted are ${known}`);
    }
    this.name = name;
    this.profile = backends[name] as ModelProfile;
  }

  /** One call, made by the host. Fails outside of a run. */
  async *call(request: ModelRequest, { signal }: ModelCallOptions): AsyncGenerator<ModelEvent> {
    const stop = new AbortController();
    let waiting: ModelEvent[] = [];
    let untaken: (() => void)[] = [];
    let wake: (() => void) | undefined;
    let over = false;
    const answer = askHost(
      { service: "model", backend: this.name, request },
      {
        signal: AbortSignal.any([signal, stop.signal]),
        onEvents: (events) => {
          waiting.push(...events as ModelEvent[]);
          wake?.();
          return new Promise<void>((resolve) => untaken.push(resolve));
        },
      },
    ).finally(() => {
      over = true;
      wake?.();
    });
    answer.catch(() => {});
    try {
      while (!over || waiting.length > 0) {
        const [events, takeUp] = [waiting, untaken];
        [waiting, untaken] = [[], []];
        yield* events;
        // Whoever reads slowly holds back the backend.
        for (const resolve of takeUp) resolve();
        if (!over && waiting.length === 0) await new Promise<void>((resolve) => wake = resolve);
      }
      await answer;
    } finally {
      stop.abort();
    }
  }
}
