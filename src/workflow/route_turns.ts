/**
 * The parked turns of one route, out of sight of the others.
 * @module
 */
import type { Message } from "../run/request.ts";
import type { BegunCall, ParkedTurn, TurnStore } from "../run/seams.ts";
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
  park(tenant: string, { messages, callIds, approvals }: ParkedTurn): Promise<void> {
    const own = (id: string) => this.#prefix + id;
    return this.#turns.park(tenant, {
      messages,
      callIds: renamed(callIds, own),
      ...approvals ? { approvals: renamed(approvals, own) } : {},
    });
  }

  /** The turn behind the id of a call or an approval, if it was this route's. */
  async find(tenant: string, id: string): Promise<ParkedTurn | undefined> {
    const turn = await this.#turns.find(tenant, this.#prefix + id);
    if (!turn) return undefined;
    const { messages, callIds, approvals } = turn;
    const clients = (own: string) => own.slice(this.#prefix.length);
    return {
      messages,
      callIds: renamed(callIds, clients),
      ...approvals ? { approvals: renamed(approvals, clients) } : {},
    };
  }

  /** Begins what waits for an approval of this route. */
  begin(
    tenant: string,
    approvalId: string,
    refused?: readonly Message[],
  ): Promise<BegunCall | undefined> {
    return this.#turns.begin(tenant, this.#prefix + approvalId, refused);
  }

  /** Keeps the result of what was begun. */
  settle(tenant: string, approvalId: string, messages: readonly Message[]): Promise<void> {
    return this.#turns.settle(tenant, this.#prefix + approvalId, messages);
  }
}

/** With other keys; clients choose some, so fields are defined rather than assigned. */
function renamed<Value>(
  byId: Readonly<Record<string, Value>>,
  rename: (id: string) => string,
): Readonly<Record<string, Value>> {
  return Object.fromEntries(Object.entries(byId).map(([id, value]) => [rename(id), value]));
}
