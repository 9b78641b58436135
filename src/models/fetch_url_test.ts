import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { RequestError } from "../run/error.ts";
import { fetchUrl, type FetchUrlOptions } from "./fetch_url.ts";
import type { PinnedAnswer } from "./pinned_request.ts";

interface FakeAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

/** A network in which every host is 93.184.216.34 unless named, and answers as told. */
function network(
  answers: Readonly<Record<string, FakeAnswer>>,
  hosts: Readonly<Record<string, readonly string[]>> = {},
) {
  const sent: string[] = [];
  let open = 0;
  const options: FetchUrlOptions = {
    signal: new AbortController().signal,
    resolve: (host) => Promise.resolve(hosts[host] ?? ["93.184.216.34"]),
    send(url, address) {
      sent.push(`${url.href} ${address}`);
      const { status = 200, headers = {}, body = [] } = answers[url.href] ?? { status: 404 };
      open += 1;
      const answer: PinnedAnswer = {
        status,
        header: (name) => headers[name],
        body: (async function* () {
          yield* body;
        })(),
        close: () => void (open -= 1),
      };
      return Promise.resolve(answer);
    },
  };
  return { options, sent, open: () => open };
}

const bytes = (...values: number[]) => Uint8Array.from(values);

/** Expects a refusal; nothing may have been sent but `sent`. */
async function refuses(
  url: string,
  net: ReturnType<typeof network>,
  sent: readonly string[] = [],
): Promise<RequestError> {
  const error = await assertRejects(() => fetchUrl(url, net.options), RequestError);
  assertEquals(error.code, "invalid-value");
  assertEquals(net.sent, sent);
  assertEquals(net.open(), 0);
  return error;
}

Deno.test("fetchUrl() gives bytes and type", async () => {
  const net = network({
    "https://x.test/a": {
      headers: { "content-type": "Image/PNG; q=1" },
      body: [bytes(1, 2), bytes(3)],
    },
  });
  assertEquals(await fetchUrl("https://x.test/a", net.options), {
    bytes: bytes(1, 2, 3),
    mediaType: "image/png",
  });
  assertEquals(net.sent, ["https://x.test/a 93.184.216.34"]);
  assertEquals(net.open(), 0);
});

const NEVER_ASKED = [
  "https://127.0.0.1/",
  "https://127.1/",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0177.0.0.1/",
  "https://10.1.2.3/",
  "https://172.16.0.1/",
  "https://192.168.0.1:8443/",
  "https://169.254.169.254/latest/meta-data/",
  "https://0.0.0.0/",
  "https://[::1]/",
  "https://[::]/",
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:a9fe:a9fe]/",
  "https://[fd00::1]/",
  "https://[fe80::1]/",
  "https://[64:ff9b::7f00:1]/",
  "http://x.test/",
  "ftp://x.test/",
  "file:///etc/passwd",
  "data:text/plain,x",
  "javascript:1",
  "//x.test/",
  "x.test",
  "",
  "https://user:password@x.test/",
];
for (const url of NEVER_ASKED) {
  Deno.test(`fetchUrl() never asks ${url === "" ? "nothing" : url}`, async () => {
    await refuses(url, network({}));
  });
}

Deno.test("fetchUrl() never asks a host one of whose addresses is not public", async () => {
  for (const address of ["127.0.0.1", "::1", "10.0.0.1", "::ffff:10.0.0.1", "fe80::1%eth0"]) {
    const hosts = { "x.test": ["93.184.216.34", address] };
    await refuses("https://x.test/", network({}, hosts));
  }
});

Deno.test("fetchUrl() never asks a host without addresses", async () => {
  await refuses("https://x.test/", network({}, { "x.test": [] }));
});

Deno.test("fetchUrl() sends to the address it checked", async () => {
  const net = network({ "https://x.test/": {} }, { "x.test": ["8.8.8.8", "1.1.1.1"] });
  await fetchUrl("https://x.test/", net.options);
  assertEquals(net.sent, ["https://x.test/ 8.8.8.8"]);
});

const redirect = (location: string): FakeAnswer => ({ status: 302, headers: { location } });

Deno.test("fetchUrl() follows a redirect to a public host", async () => {
  const net = network({
    "https://x.test/": redirect("/b"),
    "https://x.test/b": redirect("https://y.test/"),
    "https://y.test/": { body: [bytes(7)] },
  });
  assertEquals((await fetchUrl("https://x.test/", net.options)).bytes, bytes(7));
  assertEquals(net.sent.length, 3);
  assertEquals(net.open(), 0);
});

const HOSTILE_TARGETS = [
  "https://127.0.0.1/",
  "https://169.254.169.254/",
  "https://[::1]/",
  "https://inside.test/",
  "http://y.test/",
  "file:///etc/passwd",
  "//2130706433/",
  "https://",
];
for (const target of HOSTILE_TARGETS) {
  Deno.test(`fetchUrl() does not follow a redirect to ${target}`, async () => {
    const net = network({ "https://x.test/": redirect(target) }, { "inside.test": ["10.0.0.7"] });
    await refuses("https://x.test/", net, ["https://x.test/ 93.184.216.34"]);
  });
}

Deno.test("fetchUrl() gives up on a circle of redirects", async () => {
  const net = network({ "https://x.test/": redirect("https://x.test/") });
  await refuses("https://x.test/", net, Array(4).fill("https://x.test/ 93.184.216.34"));
});

Deno.test("fetchUrl() checks a host again after a redirect to it", async () => {
  let asked = 0;
  const net = network({ "https://x.test/": redirect("https://x.test/") });
  const resolve = () => Promise.resolve([asked++ === 0 ? "93.184.216.34" : "127.0.0.1"]);
  await assertRejects(() => fetchUrl("https://x.test/", { ...net.options, resolve }), RequestError);
  assertEquals(net.sent, ["https://x.test/ 93.184.216.34"]);
});

Deno.test("fetchUrl() refuses a body announced too large before reading it", async () => {
  const body = {
    [Symbol.iterator](): Iterator<Uint8Array> {
      throw new Error("The body was read");
    },
  };
  const net = network({ "https://x.test/": { headers: { "content-length": "6" }, body } });
  const error = await assertRejects(
    () => fetchUrl("https://x.test/", { ...net.options, maxBytes: 5 }),
    RequestError,
  );
  assert(error.message.includes("larger than 5 bytes"), error.message);
});

Deno.test("fetchUrl() stops reading an endless body at the limit", async () => {
  let pieces = 0;
  const body = (function* () {
    for (;;) {
      pieces += 1;
      yield new Uint8Array(1000);
    }
  })();
  const net = network({ "https://x.test/": { body } });
  await assertRejects(
    () => fetchUrl("https://x.test/", { ...net.options, maxBytes: 5000 }),
    RequestError,
  );
  assertEquals(pieces, 6);
  assertEquals(net.open(), 0);
});

Deno.test("fetchUrl() refuses errors and compressed bodies", async () => {
  const net = network({
    "https://x.test/": { headers: { "content-encoding": "gzip" } },
    "https://x.test/500": { status: 500 },
  });
  await assertRejects(() => fetchUrl("https://x.test/", net.options), RequestError);
  await assertRejects(() => fetchUrl("https://x.test/500", net.options), RequestError);
  await assertRejects(() => fetchUrl("https://x.test/404", net.options), RequestError);
});

Deno.test("fetchUrl() tells the same of a closed port, an unknown host and a private one", async () => {
  const url = "https://x.test/";
  const messages = await Promise.all([
    { resolve: () => Promise.reject(new Error("ENOTFOUND")) },
    { resolve: () => Promise.resolve(["10.0.0.1"]) },
    { send: () => Promise.reject(new Error("ECONNREFUSED 10.0.0.1")) },
  ].map(async (broken) => {
    const { options } = network({});
    const error = await assertRejects(() => fetchUrl(url, { ...options, ...broken }), RequestError);
    return error.message;
  }));
  assertEquals(new Set(messages).size, 1);
});

Deno.test("fetchUrl() ends with the signal's reason while nobody answers", async () => {
  const { options } = network({});
  const stop = new AbortController();
  const never = () => new Promise<never>(() => {});
  const pending = fetchUrl("https://x.test/", { ...options, signal: stop.signal, send: never });
  const reason = new Error("gone");
  stop.abort(reason);
  assertStrictEquals(await assertRejects(() => pending), reason);
  await assertRejects(() => fetchUrl("https://x.test/", { ...options, signal: stop.signal }));
});

Deno.test("fetchUrl() ends after its time", async () => {
  const { options } = network({});
  const never = () => new Promise<never>(() => {});
  const error = await assertRejects(
    () => fetchUrl("https://x.test/", { ...options, timeoutMs: 1, resolve: never }),
    RequestError,
  );
  assert(error.message.includes("too long"), error.message);
});

Deno.test("fetchUrl() by itself resolves names and refuses the loopback", async () => {
  const { signal } = new AbortController();
  await assertRejects(() => fetchUrl("https://localhost/", { signal }), RequestError);
});
