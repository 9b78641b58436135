/**
 * The only list of protocols.
 * @module
 */
import { chat } from "./chat/mod.ts";
import type { Protocol } from "./protocol.ts";
import { responses } from "./responses/mod.ts";

/** Every wire format that is served, each below the prefix of an entrypoint. */
export const PROTOCOLS: readonly Protocol[] = [chat, responses];
