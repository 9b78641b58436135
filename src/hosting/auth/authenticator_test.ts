import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { HttpError, RequestError, SetupError } from "../../run/error.ts";
import { ManualClock } from "../../testing/manual_clock.ts";
import { ApiKeyAuth } from "./api_key_auth.ts";
import { authenticatorOf, type AuthenticatorOptions } from "./authenticator.ts";

function authenticator(options: Partial<AuthenticatorOptions> = {}) {
  return authenticatorOf({ prefix: "/v1", clock: new ManualClock(), ...options });
}

function request(headers: HeadersInit): Request {
  return new Request("http://localhost/v1/models", { headers });
}

const KEYS = [{ name: "alice", key: "key-a" }, { name: "bob", key: "key-b", models: ["m"] }];

Deno.test("authenticate() takes a key from any of the three headers", async () => {
  const { authenticate } = authenticator({ apiKeys: KEYS });
  for (
    const headers of <HeadersInit[]> [
      { authorization: "Bearer key-a" },
      { authorization: "bearer   key-a " },
      { "x-api-key": "key-a" },
      { "api-key": " key-a " },
      { authorization: "Bearer dummy", "x-api-key": "key-a" },
      { authorization: "Bearer key-a", "api-key": "dummy" },
      { authorization: "Basic dTpw", "x-api-key": "dummy", "api-key": "key-a" },
    ]
  ) {
    assertEquals((await authenticate(request(headers))).principal.name, "alice");
  }
});

Deno.test("authenticate() refuses everything else, whatever is put into the headers", () => {
  const { authenticate } = authenticator({ apiKeys: KEYS });
  const smuggled = new Headers({ authorization: "Bearer key-a" });
  smuggled.append("authorization", "Bearer key-b");
  for (
    const headers of <HeadersInit[]> [
      {},
      smuggled,
      { authorization: "key-a" },
      { authorization: "Basic key-a" },
      { authorization: "Bearer" },
      { authorization: "Bearer key-a, key-b" },
      { authorization: "Bearer key-a\tkey-a" },
      { authorization: "BearerX key-a" },
      { "x-api-key": "Bearer key-a" },
      { "x-api-key": "" },
      { "x-api-key": "key-a,key-b" },
      { cookie: "key-a" },
      { "x-forwarded-authorization": "Bearer key-a" },
    ]
  ) {
    const error = assertThrows(() => authenticate(request(headers)), RequestError);
    assertEquals(error.code, "invalid-api-key");
    assert(!error.message.includes("key-a"));
  }
});

Deno.test("callers carry their models, and tenants that no other entrypoint shares", async () => {
  const [one, two] = ["/one", "/two"].map((prefix) => authenticator({ apiKeys: KEYS, prefix }));
  const headers = { "x-api-key": "key-b" };
  const caller = await one!.authenticate(request(headers));
  assertEquals([...caller.models!], ["m"]);
  assertEquals(one!.scopes, ["m"]);
  const tenant = (await two!.authenticate(request(headers))).principal.tenant;
  assert(caller.principal.tenant !== tenant);
  const anybody = await authenticator().authenticate(request({}));
  assertEquals(anybody.principal.name, undefined);
  const named = await authenticator({ auth: () => ({ name: "null" }) }).authenticate(request({}));
  assert(anybody.principal.tenant !== named.principal.tenant);
});

Deno.test("an app's own hook sees no body, and refuses with null or its own error", async () => {
  let seen: Request | undefined;
  const { authenticate, keyed } = authenticator({
    auth: (request) => {
      seen = request;
      if (request.headers.has("x-blocked")) throw new HttpError(403, "Blocked");
      return Promise.resolve(request.headers.has("x-user") ? { name: "u", models: ["m"] } : null);
    },
  });
  assert(keyed);
  const post = new Request("http://localhost/v1/chat/completions", {
    method: "POST",
    headers: { "x-user": "u" },
    body: "{}",
  });
  assertEquals([...(await authenticate(post)).models!], ["m"]);
  assertEquals([seen?.method, seen?.body], ["POST", null]);
  assert(!post.bodyUsed);
  await assertRejects(async () => await authenticate(request({})), RequestError);
  await assertRejects(
    async () => await authenticate(request({ "x-blocked": "1" })),
    HttpError,
    "Blocked",
  );
});

Deno.test("authenticatorOf() takes keys made elsewhere, but not two kinds of authentication", () => {
  const auth = new ApiKeyAuth(KEYS);
  assert(authenticator({ auth }).keyed);
  assertThrows(() => authenticator({ auth, apiKeys: KEYS }), SetupError, "/v1");
});
