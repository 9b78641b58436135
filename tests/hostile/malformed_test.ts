/**
 * Bytes that are no request: refused as OpenAI would, never with a 500, and at little cost.
 */
import { assert, assertEquals } from "@std/assert";
import { checkRefusal, read } from "./answers.ts";
import { CHAT, type Surface, SURFACES } from "./surface.ts";
import { target } from "./target.ts";

/** The least chat takes; what is odd about bytes is odd for every API alike. */
const GOOD = JSON.stringify(CHAT.good);

const MALFORMED: Readonly<Record<string, BodyInit | null>> = {
  "no body": null,
  "an empty body": "",
  "blanks": " \n\t ",
  "a cut object": '{"model":"agent","messages":[{"role":"us',
  "a cut string": '{"model":"agen',
  "a trailing comma": '{"model":"agent",}',
  "two values": `${GOOD}${GOOD}`,
  "single quotes": "{'model':'agent'}",
  "a comment": '{"model":"agent"/*x*/}',
  "NaN": '{"model":"agent","temperature":NaN}',
  "a control character": '{"model":"a\ngent"}',
  "a bad escape": '{"model":"\\x41"}',
  "a byte order mark and nothing": "\ufeff",
  "a string": '"agent"',
  "a number": "1",
  "null": "null",
  "true": "true",
  "an array": `[${GOOD}]`,
  "a form": "model=agent&messages=x",
  "XML": "<model>agent</model>",
  "invalid UTF-8": Uint8Array.of(0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d),
  "an overlong UTF-8 quote": Uint8Array.of(0x7b, 0xc0, 0xa2, 0x7d),
  "a surrogate in UTF-8": Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22),
  "UTF-16": Uint8Array.from([...'{"a":1}'].flatMap((char) => [char.charCodeAt(0), 0])),
  "random bytes": Uint8Array.from({ length: 4096 }, (_, index) => (index * 7919) % 256),
  "zeros": new Uint8Array(1000),
  "100,000 brackets": "[".repeat(100_000),
  "100,000 objects": '{"a":'.repeat(100_000),
  "100,000 brackets, closed": "[".repeat(100_000) + "]".repeat(100_000),
  "brackets and braces by turns": '[{"a":'.repeat(50_000),
  "deep nesting in an ignored field":
    `{"model":"agent","messages":[{"role":"user","content":"x"}],` +
    `"x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
  "a number of a million digits and nothing else": "9".repeat(1_000_000),
};

for (const surface of SURFACES) {
  const good = JSON.stringify(surface.good);

  for (const [what, body] of Object.entries(MALFORMED)) {
    Deno.test(`${surface.name}: a body that is ${what} is a 400`, async () => {
      await using attacked = target(surface);
      const { code, type, param } = checkRefusal(await attacked.post(body));
      assertEquals({ code, type, param }, {
        code: null,
        type: "invalid_request_error",
        param: null,
      });
      surface.checkGood(await attacked.post(good));
    });
  }

  for (const [what, body] of Object.entries(oddBodies(surface))) {
    Deno.test(`${surface.name}: a body with ${what} is taken`, async () => {
      await using attacked = target(surface);
      const answer = await attacked.post(body);
      assertEquals(surface.checkGood(answer), undefined);
      assertEquals(answer.headers.get("content-type"), "application/json");
      assertEquals(Object.keys(Object.prototype), []);
      assertEquals(({} as { polluted?: number }).polluted, undefined);
    });
  }
}

/** Odd, and yet JSON that means something. */
function oddBodies({ good, saying }: Surface): Readonly<Record<string, string>> {
  const json = JSON.stringify(good);
  return {
    "a byte order mark": `\ufeff${json}`,
    "blanks around it": `\n\t ${json} \r\n`,
    "__proto__ and constructor":
      `{"__proto__":{"stream":true,"polluted":1},"constructor":{"prototype":` +
      `{"polluted":1}},${json.slice(1)}`,
    "keys twice, the last of which counts": `{"model":"nonesuch",${json.slice(1)}`,
    "a key no JavaScript object has": `{"toString":1,"hasOwnProperty":2,"":3,${json.slice(1)}`,
    "lone surrogates": JSON.stringify(saying("\ud800 \udfff \u0000 \u2028")),
    "nesting up to the limit": JSON.stringify({
      ...good,
      x: JSON.parse("[".repeat(99) + "]".repeat(99)),
    }),
    "brackets in a string": JSON.stringify(saying("[{".repeat(100_000))),
  };
}

Deno.test("a body of 50 MB is a 413 before more than the limit is read", async () => {
  await using attacked = target(CHAT);
  const piece = new Uint8Array(1024 * 1024).fill(0x20);
  let pieces = 0;
  let cancelled = false;
  const body = new ReadableStream({
    pull(controller) {
      if (++pieces > 50) controller.close();
      else controller.enqueue(piece);
    },
    cancel() {
      cancelled = true;
    },
  }, { highWaterMark: 0 });
  const { code } = checkRefusal(await attacked.post(body));
  assertEquals(code, "request_too_large");
  assertEquals(pieces, 33);
  assert(cancelled, "nobody reads what nobody wants");
  CHAT.checkGood(await attacked.post(GOOD));
});

Deno.test("a body announced too long is a 413 before anything is read", async () => {
  await using attacked = target(CHAT, { limits: { maxBodyBytes: 1000 } });
  let pulled = false;
  const body = new ReadableStream({
    pull(controller) {
      pulled = true;
      controller.close();
    },
  }, { highWaterMark: 0 });
  const answer = await attacked.post(body, { "content-length": "1001" });
  assertEquals(answer.status, 413);
  assert(!pulled);
});

Deno.test("a body of 50 MB over a socket is a 413, and the server goes on", async () => {
  await using attacked = target(CHAT);
  await using server = await attacked.app.serve({ port: 0 });
  const url = `http://127.0.0.1:${server.port}/v1/chat/completions`;
  const headers = { "content-type": "application/json" };
  const huge = new Uint8Array(50 * 1024 * 1024).fill(0x20);
  const refused = await read(await fetch(url, { method: "POST", headers, body: huge }));
  assertEquals(refused.status, 413);
  checkRefusal(refused);
  CHAT.checkGood(await read(await fetch(url, { method: "POST", headers, body: GOOD })));
});

Deno.test("a body whose sender breaks off is a 400", async () => {
  await using attacked = target(CHAT);
  const body = new ReadableStream({
    pull(controller) {
      controller.error(new Error("connection reset"));
    },
  }, { highWaterMark: 0 });
  checkRefusal(await attacked.post(body));
});

const CONTENT_TYPES: Readonly<Record<string, number>> = {
  "application/json": 200,
  "application/json; charset=utf-8": 200,
  "Application/JSON": 200,
  "text/plain": 415,
  "text/plain; application/json": 415,
  "application/x-www-form-urlencoded": 415,
  "multipart/form-data; boundary=x": 415,
  "application/jsonp": 415,
  "": 415,
};

for (const [type, status] of Object.entries(CONTENT_TYPES)) {
  Deno.test(`a body of type "${type}" is a ${status}`, async () => {
    await using attacked = target(CHAT);
    const answer = await attacked.post(GOOD, { "content-type": type });
    assertEquals(answer.status, status);
    if (status === 200) CHAT.checkGood(answer);
    else checkRefusal(answer);
  });
}

Deno.test("a compressed body is a 415", async () => {
  await using attacked = target(CHAT);
  const answer = await attacked.post(GOOD, { "content-encoding": "gzip" });
  assertEquals(answer.status, 415);
  checkRefusal(answer);
});

Deno.test("a slash at the end, a query and a fragment do no harm", async () => {
  await using attacked = target(CHAT);
  for (const tail of ["/", "?beta=true", "?", "#x", "/?a=b#c"]) {
    const response = await attacked.app.fetch(
      new Request(CHAT.url + tail, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: GOOD,
      }),
    );
    CHAT.checkGood(await read(response));
  }
});
