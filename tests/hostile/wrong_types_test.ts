/**
 * Every known field with every wrong kind of value: a 400 that names the field, or an answer where
 * the field is ignored by design.
 */
import { assert, assertEquals } from "@std/assert";
import { checkRefusal } from "./answers.ts";
import { CHAT_FIELDS } from "./chat_fields.ts";
import { RESPONSES_FIELDS } from "./responses_fields.ts";
import { CHAT, RESPONSES } from "./surface.ts";
import { target } from "./target.ts";
import { kindOf, names, VALUES } from "./wrong_values.ts";

for (
  const [surface, { fields, kinds, ignored, required }] of [
    [CHAT, CHAT_FIELDS],
    [RESPONSES, RESPONSES_FIELDS],
  ] as const
) {
  const { good, checkGood } = surface;

  for (const [field, put] of Object.entries(fields)) {
    Deno.test(`${surface.name}: a wrong ${field} is a 400 that names it`, async () => {
      await using attacked = target(surface);
      for (const [kind, value] of Object.entries(VALUES)) {
        const answer = await attacked.post(JSON.stringify({ ...good, ...put(value) }));
        if (answer.status === 200) {
          checkGood(answer);
          assert(kinds[field]!.includes(kindOf(value)), `${field} that is ${kind} was taken`);
          continue;
        }
        const { param } = checkRefusal(answer);
        // A forced call may be more than this model can make: that is no fault of the field.
        if (answer.status === 422) continue;
        assert(names(param, field), `${field} that is ${kind}: param is ${param}: ${answer.text}`);
      }
      checkGood(await attacked.post(JSON.stringify(good)));
    });
  }

  Deno.test(`${surface.name}: fields without a meaning here take any value`, async () => {
    await using attacked = target(surface);
    for (const field of ignored) {
      for (const value of Object.values(VALUES)) {
        const body = JSON.stringify({ ...good, ...Object.fromEntries([[field, value]]) });
        assertEquals(checkGood(await attacked.post(body)), undefined, field);
      }
    }
  });

  Deno.test(`${surface.name}: null at the top is the same as absent`, async () => {
    await using attacked = target(surface);
    const nulls = Object.keys(fields).filter((field) => /^\w+$/.test(field));
    const absent = Object.fromEntries(nulls.map((field) => [field, null]));
    checkGood(await attacked.post(JSON.stringify({ ...absent, ...good })));
    for (const field of required) {
      const answer = await attacked.post(JSON.stringify({ ...good, [field]: null }));
      const { code, param } = checkRefusal(answer);
      assertEquals({ code, param }, { code: "missing_required_parameter", param: field });
    }
  });
}
