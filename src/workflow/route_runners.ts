/**
 * The Runners behind a router's routes: built once, started and released with the router.
 * @module
 */
import { SetupError } from "../run/error.ts";
import { isRunner, type Runner } from "../run/runner.ts";
import { enterRunner, leaveRunner } from "../run/runner_lifetime.ts";
import type { Route } from "./route.ts";

/** Builds and holds the Runners of several routes. */
export class RouteRunners {
  readonly #routes: readonly Route[];
  readonly #built = new Map<Route, Runner>();
  readonly #building = new Map<Route, Promise<Runner>>();
  /** What each `start` acquired. */
  readonly #held: (readonly Runner[])[] = [];

  /** Takes the routes; nothing is built. */
  constructor(routes: readonly Route[]) {
    this.#routes = routes;
    for (const route of routes) if (isRunner(route.source)) this.#built.set(route, route.source);
  }

  /**
   * The Runner of a route, built at first use; a promise only while it is being built. A failed build
   * is forgotten, so that the next use tries again.
   */
  get(route: Route): Runner | Promise<Runner> {
    const built = this.#built.get(route);
    if (built) return built;
    let building = this.#building.get(route);
    if (!building) {
      building = this.#build(route).finally(() => this.#building.delete(route));
      this.#building.set(route, building);
    }
    return building;
  }

  /** Builds what is not built and starts each Runner, once however many routes share it. */
  async start(): Promise<void> {
    const runners = await Promise.all(this.#routes.map((route) => this.get(route)));
    const held: Runner[] = [];
    const entered = await Promise.allSettled(runners.map(async (runner) => {
      await enterRunner(runner);
      held.push(runner);
    }));
    const failed = entered.find((result) => result.status === "rejected");
    if (failed) {
      await Promise.allSettled(held.map(leaveRunner));
      throw failed.reason;
    }
    this.#held.push(held);
  }

  /** Lets go of what one `start` acquired. */
  async release(): Promise<void> {
    const left = await Promise.allSettled((this.#held.pop() ?? []).map(leaveRunner));
    const failed = left.find((result) => result.status === "rejected");
    if (failed) throw failed.reason;
  }

  async #build(route: Route): Promise<Runner> {
    const { source } = route;
    const runner: unknown = typeof source === "function" ? await source() : source;
    if (!isRunner(runner)) {
      throw new SetupError(
        `Route "${route.id}" cannot answer: its factory made something without \`run\``,
      );
    }
    this.#built.set(route, runner);
    return runner;
  }
}
