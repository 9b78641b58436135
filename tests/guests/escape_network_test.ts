/**
 * A guest without grants tries to reach somebody, or what the operator has in the environment.
 */
import { createSocket } from "node:dgram";
import { assert, assertEquals } from "@std/assert";
import { RecordingServer, redirect } from "./recording_server.ts";
import { TestGuest, withWitness } from "./test_guest.ts";

Deno.test("a guest without grants reaches nobody, whichever way it tries", async () => {
  await using server = new RecordingServer();
  const { url, port } = server;
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let connections = 0;
  const listening = (async () => {
    for await (const connection of listener) {
      connections += 1;
      connection.close();
    }
  })();
  const raw = (listener.addr as Deno.NetAddr).port;
  await withWitness({}, async (guest) => {
    await guest.isRefused(
      /NotCapable|Requires (?:net|read|import|write) access|is not a function|not cached|Cannot import|EPERM/,
      { url, port, raw },
      {
        fetch: ({ url }) => fetch(`${url}/?s3cr3t`),
        "fetch by POST": ({ url }) => fetch(url, { method: "POST", body: "s3cr3t" }),
        "fetch by name": ({ port }) => fetch(`http://localhost:${port}/?s3cr3t`),
        "fetch by IPv6": ({ port }) => fetch(`http://[::1]:${port}/?s3cr3t`),
        "fetch by another form of the address": ({ port }) => fetch(`http://2130706433:${port}/`),
        WebSocket: ({ url }) =>
          new Promise((resolve, reject) => {
            const socket = new WebSocket(`${url.replace("http", "ws")}/?s3cr3t`);
            socket.onopen = resolve;
            socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
          }),
        EventSource: ({ url }) =>
          new Promise((resolve, reject) => {
            const source = new EventSource(`${url}/?s3cr3t`);
            source.onopen = resolve;
            source.onerror = () => (source.close(), reject(new Error("Requires net access")));
          }),
        connect: ({ raw }) => Deno.connect({ hostname: "127.0.0.1", port: raw }),
        connectTls: ({ raw }) => Deno.connectTls({ hostname: "127.0.0.1", port: raw }),
        "connect to a socket in the file system": () =>
          Deno.connect({ transport: "unix", path: "/var/run/docker.sock" }),
        listen: () => Deno.listen({ port: 0 }).close(),
        serve: () => Deno.serve({ port: 0, onListen: () => {} }, () => new Response()).shutdown(),
        listenDatagram: () =>
          (Deno as unknown as {
            listenDatagram(options: object): { close(): void };
          }).listenDatagram({ transport: "udp", port: 0 }).close(),
        resolveDns: () => Deno.resolveDns("s3cr3t.example.com", "A"),
        "node http": async ({ url }) => {
          const { get } = await import("node:http");
          await new Promise((resolve, reject) => get(url, resolve).on("error", reject));
        },
        "node net": async ({ raw }) => {
          const { connect } = await import("node:net");
          await new Promise<void>((resolve, reject) =>
            connect(raw, "127.0.0.1", resolve).on("error", reject)
          );
        },
        "node dns": async () => {
          const { lookup } = await import("node:dns/promises");
          return await lookup("s3cr3t.example.com");
        },
        "worker from there": ({ url }) =>
          new Promise((resolve, reject) => {
            const worker = new Worker(`${url}/s3cr3t.ts`, { type: "module" });
            worker.onmessage = resolve;
            worker.onerror = (event) => {
              event.preventDefault();
              worker.terminate();
              reject(new Error(event.message));
            };
          }),
      },
    );
    assert(guest.denials.includes(`net 127.0.0.1:${port}`), `${guest.denials}`);
  });
  listener.close();
  await listening;
  assertEquals([server.requests, connections], [[], 0]);
});

Deno.test("a guest without grants sends no datagram", async () => {
  const socket = createSocket("udp4");
  const heard: string[] = [];
  const own = Promise.withResolvers<void>();
  socket.on("message", (message) => {
    heard.push(`${message}`);
    if (`${message}` === "from the host") own.resolve();
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await withWitness({}, async (guest) => {
    await guest.value(async (port) => {
      const { createSocket } = await import("node:dgram");
      createSocket("udp4").on("error", () => {}).send("s3cr3t", port, "127.0.0.1");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }, port);
  });
  // What is sent later to the same place comes later.
  socket.send("from the host", port, "127.0.0.1");
  await own.promise;
  socket.close();
  assertEquals(heard, ["from the host"]);
});

Deno.test("a granted host cannot lead a guest to another one", async () => {
  await using other = new RecordingServer({ "/": () => new Response("inside") });
  await using granted = new RecordingServer({
    "/away": redirect(`${other.url}/?s3cr3t`),
    "/by-name": redirect(`http://localhost:${other.port}/?s3cr3t`),
    "/away-again": redirect("/away"),
    "/here": redirect("/there"),
    "/there": () => new Response("fine"),
  });
  await withWitness({ grants: [`net=${granted.host}`] }, async (guest) => {
    assertEquals(
      await guest.value(async (url) => await (await fetch(url)).text(), `${granted.url}/here`),
      "fine",
    );
    await guest.isRefused(/Requires net access/, granted.url, {
      away: (url) => fetch(`${url}/away`),
      "by name": (url) => fetch(`${url}/by-name`),
      "in two steps": (url) => fetch(`${url}/away-again`),
      "with its own client": async (url) => {
        using client = Deno.createHttpClient({});
        return await fetch(`${url}/away`, { client });
      },
      "by WebSocket": (url) =>
        new Promise((resolve, reject) => {
          const socket = new WebSocket(`${url.replace("http", "ws")}/away`);
          socket.onopen = resolve;
          socket.onerror = () => reject(new Error("Requires net access"));
        }),
    });
  });
  assertEquals(other.requests, []);
});

Deno.test("a guest without grants sees nothing of the environment", async () => {
  Deno.env.set("FAKELLM_TEST_SECRET", "s3cr3t-of-env");
  try {
    await using guest = await TestGuest.start();
    const seen = await guest.value(() =>
      import("node:process").then(({ default: process }) => [
        Deno.env.get("FAKELLM_TEST_SECRET"),
        Deno.env.get("PATH"),
        Deno.env.toObject(),
        process.env.FAKELLM_TEST_SECRET,
        process.env.PATH,
        Object.keys(process.env),
        JSON.stringify(process.env),
        process.argv.slice(2),
        process.execArgv,
      ])
    );
    // What it sets is its own.
    await guest.value(() => Deno.env.set("FAKELLM_TEST_SECRET", "changed"));
    assertEquals(Deno.env.get("FAKELLM_TEST_SECRET"), "s3cr3t-of-env");
    assert(!JSON.stringify(seen).includes("s3cr3t"), JSON.stringify(seen));
    assertEquals((seen as unknown[]).slice(0, 6), [null, null, {}, null, null, []]);
  } finally {
    Deno.env.delete("FAKELLM_TEST_SECRET");
  }
});
