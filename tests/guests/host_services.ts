/**
 * What hosts give guests, and how a guest asks for it without any library.
 * @module
 */
import { systemClock, systemIds } from "../../src/context/system.ts";
import type { Model } from "../../src/models/model.ts";
import type { GuestServices } from "../../src/module/guest_services.ts";
import { fold } from "../../src/run/fold.ts";
import type { RunRequest } from "../../src/run/request.ts";
import type { RunContext } from "../../src/run/runner.ts";
import { testContext, testRequest } from "../../src/testing/test_context.ts";
import type { Toolset } from "../../src/tools/toolset.ts";
import type { TestGuest } from "./test_guest.ts";

/** Services by name. */
export function services(
  { backends = {}, mcps = {}, ...rest }:
    & Omit<Partial<GuestServices>, "backends" | "mcps">
    & {
      readonly backends?: Readonly<Record<string, Model>>;
      readonly mcps?: Readonly<Record<string, Toolset>>;
    },
): GuestServices {
  return {
    limits: {},
    ...rest,
    backends: new Map(Object.entries(backends)),
    mcps: new Map(Object.entries(mcps)),
  };
}

/** A context as a host has it. */
export function contextOf(overrides: Partial<RunContext> = {}): RunContext {
  const own: RunContext = testContext({ clock: systemClock, ids: systemIds });
  return { ...own, ...overrides };
}

/** The text that a guest answers with. */
export async function answer(
  guest: TestGuest,
  context: Partial<RunContext> = {},
  request: Partial<RunRequest> = {},
): Promise<string> {
  const events = guest.module.run(undefined, testRequest(request), contextOf(context));
  return (await fold(events)).text;
}

/** Asks the host for a service, in a guest that does what it is told. */
export function ask(request: object): Promise<unknown> {
  const { [Symbol.for("fakellm.host")]: host } = globalThis as unknown as Record<
    symbol,
    { ask(request: object): Promise<unknown> }
  >;
  return host!.ask(request).then((value) => value ?? "done");
}

/** A model call. */
export const MODEL_REQUEST = {
  messages: [{ role: "user", content: [{ type: "text", text: "Hi" }] }],
  tools: [],
  toolChoice: { type: "auto" },
  output: { type: "text" },
  settings: {},
  stream: true,
};
