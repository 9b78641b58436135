/**
 * Requests broken by chance: whatever comes, the answer is a 4xx as OpenAI writes it or a good 200.
 * `FAKELLM_SEED` repeats or changes the chance.
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { Random, SEED } from "../secrecy/random.ts";
import { checkRefusal } from "./answers.ts";
import { mutate } from "./mutation.ts";
import { SURFACES } from "./surface.ts";
import { target } from "./target.ts";

/** Of each API. */
const CASES = 20_000;

for (const surface of SURFACES) {
  Deno.test(`${surface.name}: the bodies that are mutated are good ones`, async () => {
    await using attacked = target(surface);
    for (const body of surface.goodBodies) {
      const answer = await attacked.post(JSON.stringify(body));
      assertEquals(surface.checkGood(answer), undefined, JSON.stringify(body));
    }
  });

  Deno.test(`${surface.name}: ${CASES} mutated requests: 4xx or a good 200, FAKELLM_SEED=${SEED}`, async () => {
    await using attacked = target(surface);
    const random = new Random(SEED);
    const statuses = new Map<number, number>();
    for (let index = 0; index < CASES; index++) {
      const body = mutate(random.pick(surface.goodBodies), random);
      try {
        const answer = await attacked.post(body);
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
        if (answer.status === 200) {
          const failure = surface.checkGood(answer);
          // Once the stream has begun a run may still fail, but only for good.
          assert(!failure || failure.code === "invalid_prompt", JSON.stringify(failure));
        } else {
          checkRefusal(answer);
        }
      } catch (cause) {
        const shown = typeof body === "string" ? body : new TextDecoder().decode(body);
        throw new Error(`FAKELLM_SEED=${SEED}, case ${index}: ${shown.slice(0, 2000)}`, { cause });
      }
    }
    assertGreaterOrEqual(statuses.get(200) ?? 0, CASES / 10, "hardly a mutation was harmless");
    assertGreaterOrEqual(statuses.get(400) ?? 0, CASES / 10, "hardly a mutation was harmful");
    assertEquals(Object.keys(Object.prototype), []);
    const errors = attacked.logger.entries.filter(({ level }) => level === "error");
    assertEquals(errors, []);
    surface.checkGood(await attacked.post(JSON.stringify(surface.good)));
  });
}
