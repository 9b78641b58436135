/**
 * Writes conversations until it is killed.
 *
 * A conversation is one response and its items, written at once. Its number goes to standard output
 * once the store has taken it.
 *
 * Arguments: path of the file, name of this round.
 *
 * @module
 */
import { sqliteStore } from "../../src/hosting/store/stores.ts";
import { conversation } from "./conversation.ts";

const [path = "", round = ""] = Deno.args;
await using store = sqliteStore(path);
await store.start();
for (let number = 0;; number++) {
  await store.put("t", conversation(round, number), 3_600_000);
  await Deno.stdout.write(new TextEncoder().encode(`${number}\n`));
}
