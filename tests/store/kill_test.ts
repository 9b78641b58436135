/**
 * A process that is killed while it writes leaves no half of a conversation.
 */
import { assert, assertEquals } from "@std/assert";
import type { RecordStore } from "../../src/hosting/store/record_store.ts";
import { sqliteStore } from "../../src/hosting/store/stores.ts";
import { Random, SEED } from "../secrecy/random.ts";
import { conversation } from "./conversation.ts";

const KILLS = 50;

/** Most conversations a process may be through with before it is killed. */
const LONGEST_LIFE = 40;

/** Conversations beyond the last announced one that are looked for. */
const BEYOND = 5;

/** Turns of an empty loop after which the next write is over as a rule. */
const SPIN = 2_000_000;

Deno.test(`sqlite: ${KILLS} kills leave every conversation whole or absent (seed ${SEED})`, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/store.db`;
    const random = new Random(SEED);
    const announced: number[] = [];
    for (let round = 0; round < KILLS; round++) {
      announced.push(
        await writeUntilKilled(path, { round, life: random.below(LONGEST_LIFE), random }),
      );
      await using store = sqliteStore(path);
      await store.start();
      await checkRound(store, round, announced[round]!);
    }
    // Later crashes took nothing from what earlier rounds had left.
    await using store = sqliteStore(path);
    await store.start();
    for (const [round, last] of announced.entries()) await checkRound(store, round, last);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** The last conversation that a process announced before its end. */
async function writeUntilKilled(
  path: string,
  options: { readonly round: number; readonly life: number; readonly random: Random },
): Promise<number> {
  const { round, life, random } = options;
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--cached-only",
      "--allow-read",
      "--allow-write",
      new URL("./conversation_writer.ts", import.meta.url).pathname,
      path,
      `${round}`,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let last = -1;
  let killed = false;
  for await (const text of process.stdout.pipeThrough(new TextDecoderStream())) {
    // A chunk may end within a number, so the last one counts only once its line has ended.
    for (const line of text.split("\n").slice(0, -1)) if (line !== "") last = Math.max(last, +line);
    if (!killed && last >= life) {
      spin(random.below(SPIN));
      process.kill("SIGKILL");
      killed = true;
    }
  }
  const { signal } = await process.status;
  assertEquals(signal, "SIGKILL");
  return last;
}

/** Lets the other process get somewhere into its next write. */
function spin(turns: number): void {
  for (let turn = 0; turn < turns; turn++);
}

async function checkRound(store: RecordStore, round: number, last: number): Promise<void> {
  for (let number = 0; number <= last + BEYOND; number++) {
    const [response, ...items] = conversation(`${round}`, number);
    const found = [
      ...await store.get("t", "response", [response!.id]),
      ...await store.get("t", "item", items.map(({ id }) => id)),
    ];
    const whole = [response!, ...items].every(({ json }, index) => found[index] === json);
    const absent = found.every((json) => json === undefined);
    assert(whole || absent, `conversation ${round}.${number} is half written`);
    assert(whole || number > last, `conversation ${round}.${number} was announced and is lost`);
  }
}
