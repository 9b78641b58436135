import { assertEquals, assertRejects } from "@std/assert";
import { type PinnedAnswer, pinnedRequest } from "./pinned_request.ts";

/** Self-signed for files.example.test, valid until 2125; guards nothing. */
const CERT = `-----BEGIN CERTIFICATE-----
MIIBsTCCAVagAwIBAgIUIT1kqm8nTF0mBsPguPU1rd8GgtkwCgYIKoZIzj0EAwIw
HTEbMBkGA1UEAwwSZmlsZXMuZXhhbXBsZS50ZXN0MCAXDTI2MTEyMzA1NDY1MFoY
DzIxMjYxMDMwMDU0NjUwWjAdMRswGQYDVQQDDBJmaWxlcy5leGFtcGxlLnRlc3Qw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQiMBKkPv6PV7fkYrOvpgtzB5bbXKdT
NHlrhAEs2ZaueWz1b9OgaxRTiSR6FWh3LcS1Gvd6Me2Mux6cFavKcsW1o3IwcDAd
BgNVHQ4EFgQUKCbsSa9wleLDTFou7fQ4E14v/AgwHwYDVR0jBBgwFoAUKCbsSa9w
leLDTFou7fQ4E14v/AgwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHREEFjAUghJmaWxl
cy5leGFtcGxlLnRlc3QwCgYIKoZIzj0EAwIDSQAwRgIhALZs/yxwVinrL3DZZsME
qNn7VNydMPJzv41AuwVZADANAiEAuQpW+nQNlZRWZlgCSjXK2mxMi1Hx+Wf/W+NZ
iynyH5E=
-----END CERTIFICATE-----
`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgd0KeX7kftDg6eO7K
h96GDaI1Hh6EIuOz2uDTiTWXeKahRANCAAQiMBKkPv6PV7fkYrOvpgtzB5bbXKdT
NHlrhAEs2ZaueWz1b9OgaxRTiSR6FWh3LcS1Gvd6Me2Mux6cFavKcsW1
-----END PRIVATE KEY-----
`;

const HOST = "files.example.test";

/** A TLS server on loopback; gives its port. */
function serve(handler: Deno.ServeHandler) {
  return Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert: CERT, key: KEY, onListen() {} },
    handler,
  );
}

async function text(answer: PinnedAnswer): Promise<string> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of answer.body) pieces.push(new Uint8Array(piece));
  return await new Blob(pieces).text();
}

const options = () => ({ signal: new AbortController().signal, ca: CERT });

Deno.test("pinnedRequest() connects to the address and asks for the host", async () => {
  const server = serve((request) =>
    new Response(`${request.headers.get("host")} ${new URL(request.url).pathname}`, {
      headers: { "content-type": "text/plain" },
    })
  );
  const { port } = server.addr;
  const answer = await pinnedRequest(new URL(`https://${HOST}:${port}/a`), "127.0.0.1", options());
  assertEquals(answer.status, 200);
  assertEquals(answer.header("content-type"), "text/plain");
  assertEquals(answer.header("x-absent"), undefined);
  assertEquals(await text(answer), `${HOST}:${port} /a`);
  answer.close();
  await server.shutdown();
});

Deno.test("pinnedRequest() refuses a server whose certificate is for another name", async () => {
  let asked = 0;
  const server = serve(() => {
    asked += 1;
    return new Response();
  });
  const url = new URL(`https://other.example.test:${server.addr.port}/`);
  await assertRejects(() => pinnedRequest(url, "127.0.0.1", options()), Error);
  assertEquals(asked, 0);
  await server.shutdown();
});

Deno.test("pinnedRequest() follows no redirect", async () => {
  const server = serve(() => new Response(null, { status: 302, headers: { location: "/b" } }));
  const url = new URL(`https://${HOST}:${server.addr.port}/`);
  const answer = await pinnedRequest(url, "127.0.0.1", options());
  assertEquals([answer.status, answer.header("location")], [302, "/b"]);
  answer.close();
  await server.shutdown();
});

Deno.test("pinnedRequest() ends when aborted, and before connecting too", async () => {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<Response>();
  const server = serve(() => {
    arrived.resolve();
    return release.promise;
  });
  const url = new URL(`https://${HOST}:${server.addr.port}/`);
  const stop = new AbortController();
  const pending = pinnedRequest(url, "127.0.0.1", { signal: stop.signal, ca: CERT });
  await arrived.promise;
  stop.abort(new Error("gone"));
  await assertRejects(() => pending, Error, "gone");
  await assertRejects(
    () => pinnedRequest(url, "127.0.0.1", { signal: stop.signal }),
    Error,
    "gone",
  );
  release.resolve(new Response());
  await server.shutdown();
});

Deno.test("pinnedRequest() fails where nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = new URL(`https://${HOST}:${listener.addr.port}/`);
  listener.close();
  await assertRejects(() => pinnedRequest(url, "127.0.0.1", options()), Error);
});
