/**
 * Which route made the calls a client brings results of.
 *
 * Kept in the run's `TurnStore`, as turns without messages, so that it belongs to the caller, expires
 * like the turns themselves and is known to every replica. A client's history says which calls are
 * answered and nothing else: calls the router did not hand out to this caller lead to no route.
 *
 * @module
 */
import { openQuestions } from "../agent/approval_check.ts";
import type { RunRequest } from "../run/request.ts";
import type { RunContext } from "../run/runner.ts";
import { latestTurn } from "./conversation.ts";
import type { Route } from "./route.ts";

/** Most calls looked up for one request: those of one answer are all of one route. */
const MAX_LOOKUPS = 8;

/** No id of a call, which clients are shown, begins like this. */
const PREFIX = "route of ";

/** Remembers that `route` made these calls, or asked these questions. */
export async function rememberRoute(
  callIds: readonly string[],
  { route, context }: { readonly route: Route; readonly context: RunContext },
): Promise<void> {
  const entries = callIds.map((id) => [PREFIX + id, route.id] as const);
  const turn = { messages: [], callIds: Object.fromEntries(entries) };
  await context.turns.park(context.principal.tenant, turn);
}

/**
 * The route whose calls have been answered since the user last spoke, or whose questions since it
 * asked them; undefined when there are none, or it is not known any more.
 *
 * @param routes by id
 */
export async function recallRoute(
  request: RunRequest,
  { routes, context }: {
    readonly routes: ReadonlyMap<string, Route>;
    readonly context: RunContext;
  },
): Promise<Route | undefined> {
  const { turns, principal, signal } = context;
  for (const callId of answeredCalls(request)) {
    signal.throwIfAborted();
    const key = PREFIX + callId;
    const turn = await turns.find(principal.tenant, key);
    if (!turn || !Object.hasOwn(turn.callIds, key)) continue;
    const route = routes.get(turn.callIds[key]!);
    if (route) return route;
  }
  return undefined;
}

/** Ids of the calls and questions that the end of a conversation answers. */
function answeredCalls({ messages, approvals = [] }: RunRequest): readonly string[] {
  const turn = latestTurn(messages);
  const caller = turn.findLastIndex((message) =>
    message.role === "assistant" && message.toolCalls.length > 0
  );
  const ids = turn.slice(caller + 1).flatMap((message) =>
    message.role === "tool" ? [message.toolCallId] : []
  );
  // Words beside an answer do not make it one to somebody else.
  const open = new Set(approvals.length > 0 ? openQuestions(messages) : []);
  const answers = approvals.flatMap(({ id }) => open.has(id) ? [id] : []);
  return [...new Set([...answers, ...ids])].slice(0, MAX_LOOKUPS);
}
