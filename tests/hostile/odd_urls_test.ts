/**
 * URLs and methods that lead nowhere, or to a response that is not there.
 */
import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import { Random, SEED } from "../secrecy/random.ts";
import { type Answer, checkRefusal, read } from "./answers.ts";
import { checkEvents } from "./good_response.ts";
import { CHAT, RESPONSES, SURFACES } from "./surface.ts";
import { type Target, target } from "./target.ts";

const ODD_PATHS = [
  "/v1",
  "/v2/chat/completions",
  "/v1/chat",
  "/v1/chat/completions/extra",
  "/v1//chat/completions",
  "/v1/chat/completions%00",
  "/v1/models/%ff",
  "/v1/models/%",
  "/v1/models/..%2f..%2fsecret",
  "/v1/models/__proto__",
  "/v1/models/constructor",
  "/v1/embeddings",
  "/v1/response",
  "/v1//responses",
  "/v1/responses%00",
  "/v1/responses;x=1",
  "/v2/responses",
  "/v1/responses/a/b",
  "/v1/responses/a/cancel/b",
  "/v1/responses/a/input_items/b",
  "/v1/responses/a/__proto__",
  "/__proto__",
  "/constructor",
  "/.env",
  `/${"a".repeat(10_000)}`,
  "/%E0%A4%A",
  "/v1/chat/completions;x=1",
];

Deno.test("odd URLs are a 404 in every method", async () => {
  await using attacked = target(CHAT);
  for (const path of ODD_PATHS) {
    for (const method of ["GET", "POST", "PUT", "DELETE", "PATCH"]) {
      const answer = await attacked.send(method, path);
      if (path.startsWith("/v1/models/") && method !== "GET") continue;
      assertEquals(answer.status, 404, `${method} ${path.slice(0, 40)}: ${answer.status}`);
      checkRefusal(answer);
    }
  }
});

for (const surface of SURFACES) {
  Deno.test(`${surface.name}: odd methods are a 405 that names the right one`, async () => {
    await using attacked = target(surface);
    for (const method of ["GET", "PUT", "DELETE", "PATCH", "HEAD", "PROPFIND", "BREW"]) {
      const response = await attacked.app.fetch(new Request(surface.url, { method }));
      assertEquals(response.status, 405, method);
      assertEquals(response.headers.get("allow"), "POST");
      if (method !== "HEAD") checkRefusal(await read(response));
    }
  });
}

const ODD_IDS = [
  "resp_",
  "resp_00000000000000000000000000000000",
  "nonesuch",
  "__proto__",
  "constructor",
  "%00",
  "%2e%2e",
  "..%2f..%2fsecret",
  "%ff",
  "%",
  "%F0%9F%82%A1",
  "a%20b",
  "a%22b%0d%0ax-injected:%201",
  "*",
  "x".repeat(10_000),
];

/** Methods with what follows the id of a response. */
const PAGES: readonly (readonly [string, string])[] = [
  ["GET", ""],
  ["GET", "?stream=true"],
  ["DELETE", ""],
  ["POST", "/cancel"],
  ["GET", "/input_items"],
];

Deno.test("a response of an odd id is a 404, whatever is wanted of it", async () => {
  await using attacked = target(RESPONSES);
  for (const id of ODD_IDS) {
    for (const [method, tail] of PAGES) {
      const answer = await attacked.send(method, `/v1/responses/${id}${tail}`);
      assertEquals(answer.status, 404, `${method} ${id}${tail}: ${answer.text}`);
      checkRefusal(answer);
      assertEquals(answer.headers.get("x-injected"), null);
    }
  }
});

Deno.test("odd methods for a response are a 405 that names the right ones", async () => {
  await using attacked = target(RESPONSES);
  const { id } = JSON.parse((await attacked.post(JSON.stringify(RESPONSES.good))).text);
  const allowed = { "": "GET, HEAD, DELETE", "/cancel": "POST", "/input_items": "GET, HEAD" };
  for (const [tail, allow] of Object.entries(allowed)) {
    for (const method of ["PUT", "PATCH", "BREW", tail === "/cancel" ? "GET" : "POST"]) {
      const answer = await attacked.send(method, `/v1/responses/${id}${tail}`);
      assertEquals(answer.status, 405, `${method} ${tail}`);
      assertEquals(answer.headers.get("allow"), allow);
      checkRefusal(answer);
    }
  }
});

const VALUES = [
  "",
  "0",
  "1",
  "-1",
  "20",
  "100",
  "101",
  "1e3",
  "1.5",
  "Infinity",
  "null",
  "true",
  "asc",
]
  .concat(["desc", "ASC", "%00", "%ff", "%", "9".repeat(400), "x".repeat(5000), "__proto__", "[]"]);
const NAMES = [
  "limit",
  "order",
  "after",
  "before",
  "stream",
  "starting_after",
  "include[]",
  "include",
]
  .concat(["include_obfuscation", "__proto__", "", "%5B%5D"]);

/** A query by chance: known names and others, each with any value, some twice. */
function query(random: Random): string {
  const pairs = random.list(0, 4, () => `${random.pick(NAMES)}=${random.pick(VALUES)}`);
  return `${random.pick(["?", "?", "?&", "/?"])}${pairs.join(random.pick(["&", "&", "&&", ";"]))}`;
}

function checkPage(answer: Answer, isStream: boolean): void {
  if (answer.status !== 200) {
    checkRefusal(answer);
    return;
  }
  if (isStream && answer.headers.get("content-type") === "text/event-stream") {
    // Whoever begins late gets a part, which is for others to check.
    if (answer.text.includes('"sequence_number":0,')) checkEvents(answer.text);
    return;
  }
  assertEquals(answer.headers.get("content-type"), "application/json");
  const { object } = JSON.parse(answer.text);
  assert(["response", "response.deleted", "list"].includes(object), object);
}

const CASES = 10_000;

Deno.test(`${CASES} odd requests about responses: 4xx or a good 200, FAKELLM_SEED=${SEED}`, async () => {
  await using attacked: Target = target(RESPONSES);
  const random = new Random(SEED);
  const statuses = new Map<number, number>();
  let ids: string[] = [];
  for (let index = 0; index < CASES; index++) {
    if (index % 50 === 0) ids = await someResponses(attacked);
    const id = random.chance(0.8) ? random.pick(ids) : random.pick(ODD_IDS);
    const [method, tail] = random.pick(
      [
        ...PAGES,
        ["GET", ""],
        ["GET", "/input_items"],
        [
          random.pick(["HEAD", "PUT", "POST", "PATCH"]),
          random.pick(["", "/cancel", "/input_items"]),
        ],
      ] as const,
    );
    const path = `/v1/responses/${id}${tail.split("?")[0]}${query(random)}`;
    const shown = `FAKELLM_SEED=${SEED}, case ${index}: ${method} ${path.slice(0, 500)}`;
    try {
      const answer = await attacked.send(method, path);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (method === "HEAD") assert(answer.status < 500);
      else checkPage(answer, path.includes("stream"));
    } catch (cause) {
      throw new Error(shown, { cause });
    }
  }
  for (const status of [200, 400, 404, 405]) {
    assertGreaterOrEqual(statuses.get(status) ?? 0, CASES / 50, `hardly a ${status}`);
  }
  assertEquals(attacked.logger.entries.filter(({ level }) => level === "error"), []);
});

/** Responses of every kind that can be kept: whole, streamed, made in the background. */
async function someResponses(attacked: Target): Promise<string[]> {
  const ids: string[] = [];
  const some = [{}, { stream: true }, { background: true }, { background: true, stream: true }];
  for (const fields of some) {
    const { text } = await attacked.post(JSON.stringify({ ...RESPONSES.good, ...fields }));
    ids.push(text.match(/resp_[0-9a-f]{32}/)![0]);
  }
  return ids;
}
