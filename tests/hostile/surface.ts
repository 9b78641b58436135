/**
 * The APIs that are attacked, and requests they take.
 * @module
 */
import type { Answer, WireError } from "./answers.ts";
import { checkGood } from "./answers.ts";
import { CHAT_GOOD_BODIES } from "./chat_bodies.ts";
import { checkGoodResponse } from "./good_response.ts";
import { RESPONSES_GOOD_BODIES } from "./responses_bodies.ts";

/** A request's body. */
export type Body = Readonly<Record<string, unknown>>;

/** One API to attack. */
export interface Surface {
  readonly name: string;
  /** Where its requests go. */
  readonly url: string;
  /** The least it takes. */
  readonly good: Body;
  /** Bodies it takes, that together use every field. */
  readonly goodBodies: readonly Body[];
  /** A body in which a user says `content`. */
  saying(content: string): Body;
  /**
   * Checks a good answer.
   *
   * @returns the error in band, if there is one
   */
  checkGood(answer: Answer): WireError | undefined;
}

/** Chat completions. */
export const CHAT: Surface = {
  name: "chat",
  url: "http://localhost/v1/chat/completions",
  good: CHAT_GOOD_BODIES[0]!,
  goodBodies: CHAT_GOOD_BODIES,
  saying: (content) => ({ model: "agent", messages: [{ role: "user", content }] }),
  checkGood,
};

/** Responses. */
export const RESPONSES: Surface = {
  name: "responses",
  url: "http://localhost/v1/responses",
  good: RESPONSES_GOOD_BODIES[0]!,
  goodBodies: RESPONSES_GOOD_BODIES,
  saying: (content) => ({ model: "agent", input: [{ role: "user", content }] }),
  checkGood: checkGoodResponse,
};

/** All of them. */
export const SURFACES: readonly Surface[] = [CHAT, RESPONSES];
