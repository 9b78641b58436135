/**
 * The parked turns of one route, out of sight of the others.
 * @module
 */
import type { ParkedTurn, TurnStore } from "../run/seams.ts";
import type { Route } from "./route.ts";

/**
 * A view of a TurnStore for one route. What its hidden tools returned is not for the models of other
 * routes, which may be told less about what to keep to themselves: they get those turns as the client
 * saw them.
 */
export class RouteTurns implements TurnStore {
  readonly #turns: TurnStore;
  readonly #prefix: string;

  /** Keeps the turns of `route` in `turns`. */
  constructor(turns: TurnStore, route: Route) {
    this.#turns = turns;
    this.#prefix = `route ${JSON.stringify(route.id)} `;
  }

  /** Keeps a turn of this route. */
  park(tenant: string, { messages, callIds }: ParkedTurn): Promise<void> {
    return this.#turns.park(tenant, {
      messages,
      callIds: renamed(callIds, (id) => this.#prefix + id),
    });
  }

  /** The turn that made the call, if it was this route's. */
  async find(tenant: string, callId: string): Promise<ParkedTurn | undefined> {
    const turn = await this.#turns.find(tenant, this.#prefix + callId);
    if (!turn) return undefined;
    const callIds = renamed(turn.callIds, (id) => id.slice(this.#prefix.length));
    return { messages: turn.messages, callIds };
  }
}

/** With other keys; clients choose some, so fields are defined rather than assigned. */
function renamed(
  callIds: ParkedTurn["callIds"],
  rename: (id: string) => string,
): ParkedTurn["callIds"] {
  return Object.fromEntries(Object.entries(callIds).map(([id, value]) => [rename(id), value]));
}
