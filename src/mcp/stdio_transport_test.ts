import { assert, assertEquals, assertRejects } from "@std/assert";
import { systemClock } from "../context/system.ts";
import { SetupError } from "../run/error.ts";
import { macrotask } from "../testing/macrotask.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import { McpFailure } from "./failure.ts";
import type { JSONRPCMessage } from "./sdk.ts";
import { StdioTransport, type StdioTransportOptions } from "./stdio_transport.ts";

const env = { PATH: Deno.env.get("PATH") ?? "" };
const PING: JSONRPCMessage = { jsonrpc: "2.0", id: 1, method: "ping" };

/** A transport to what a shell runs, and what it brings. */
function shell(script: string, options: Partial<StdioTransportOptions> = {}) {
  const errorLines: string[] = [];
  const transport = new StdioTransport({
    command: "sh",
    args: ["-c", script],
    env,
    clock: systemClock,
    maxMessageBytes: 10_000,
    onErrorLine: (line) => errorLines.push(line),
    ...options,
  });
  const messages: JSONRPCMessage[] = [];
  const errors: string[] = [];
  const { promise: closed, resolve: onclose } = Promise.withResolvers<void>();
  const waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  let closes = 0;
  transport.onmessage = (message) => {
    messages.push(message);
    for (const { count, resolve } of waiting) if (messages.length >= count) resolve();
  };
  transport.onerror = (error) => errors.push(error.message);
  transport.onclose = () => {
    closes += 1;
    onclose();
  };
  /** Waits until so many messages have come. */
  const received = (count: number) => {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (messages.length >= count) resolve();
    waiting.push({ count, resolve });
    return promise;
  };
  return { transport, messages, errors, errorLines, closed, closes: () => closes, received };
}

Deno.test("StdioTransport brings each line as a message, in order, whatever is in it", async () => {
  const made = shell("cat");
  await made.transport.start();
  const sent = ["Grüße 天気 😀 \u2028", 'a\nb\t"c"', "x".repeat(5000)].map((text, id) => ({
    jsonrpc: "2.0" as const,
    id,
    method: "say",
    params: { text },
  }));
  await Promise.all(sent.map((message) => made.transport.send(message)));
  await made.received(3);
  assertEquals(made.messages, sent);
  await made.transport.close();
  assertEquals([made.errors, made.closes()], [[], 1]);
});

Deno.test("StdioTransport passes over what is no message, and tells of it", async () => {
  const noise = ['echo "Server is ready"', 'echo "{}"', "echo", "echo '[1]'", "echo 'null'"];
  const made = shell(`${noise.join(";")}; cat`);
  await made.transport.start();
  await made.transport.send(PING);
  await made.received(1);
  assertEquals(made.messages, [PING]);
  assertEquals(made.errors, Array(4).fill("Server wrote what is no message"));
  await made.transport.close();
});

Deno.test("StdioTransport tells each line of standard error, long ones shortened", async () => {
  const made = shell('echo one >&2; echo >&2; printf "%05000d\\n" 1 >&2; printf "half" >&2; cat');
  await made.transport.start();
  await made.transport.close();
  await made.closed;
  assertEquals(made.errorLines.map((line) => line.length), [3, 2000]);
  assertEquals(made.errorLines[0], "one");
});

Deno.test("StdioTransport ends once, and says how: by itself, by a signal, for want of a program", async () => {
  const cases: [string, string][] = [
    ["exit 0", "exit code 0"],
    ["echo bye >&2; exit 3", "exit code 3"],
    ["kill -9 $$", "ended by SIGKILL"],
    ["exec no-such-program-anywhere", "no such program"],
  ];
  for (const [script, reason] of cases) {
    const made = shell(script);
    await made.transport.start();
    await made.closed;
    assertEquals(made.transport.endedBy, reason);
    await made.transport.close();
    assertEquals(made.closes(), 1, script);
  }
});

Deno.test("StdioTransport brings what a server said last before it tells of the end", async () => {
  const made = shell(`echo '${JSON.stringify(PING)}'; echo "I must go" >&2; exit 1`);
  await made.transport.start();
  await made.closed;
  assertEquals([made.messages, made.errorLines], [[PING], ["I must go"]]);
});

Deno.test("StdioTransport: who has left the server's group and holds its pipes hides no end", async () => {
  const made = shell(
    'setsid sleep 60 & echo "{\\"jsonrpc\\":\\"2.0\\",\\"method\\":\\"$!\\"}"; sleep 0.3; exit 2',
  );
  await made.transport.start();
  await made.closed;
  assertEquals(made.transport.endedBy, "exit code 2");
  const [left] = made.messages;
  assert(left && "method" in left, "what it said before is there");
  Deno.kill(Number(left.method), "SIGKILL");
  await made.transport.close();
});

Deno.test("StdioTransport ends a server whose message is too long", async () => {
  const made = shell("head -c 10001 /dev/zero | tr '\\0' x; cat");
  await made.transport.start();
  await made.closed;
  assertEquals(made.transport.endedBy, "Line is longer than 10000 bytes");
  assertEquals(made.errors, ["Line is longer than 10000 bytes"]);
  await assertRejects(() => made.transport.send(PING), McpFailure, "Server does not run");
});

Deno.test("StdioTransport sends nothing before the start and after the end", async () => {
  const made = shell("cat");
  const early = await assertRejects(() => made.transport.send(PING), McpFailure);
  assertEquals([early.kind, early.message], ["not-sent", "Server does not run"]);
  await made.transport.start();
  await made.transport.close();
  const late = await assertRejects(() => made.transport.send(PING), McpFailure);
  assertEquals(late.kind, "not-sent");
  assertEquals(made.messages, []);
});

Deno.test("StdioTransport: what a server takes no more was not sent", async () => {
  const made = shell('exec 0<&-; echo \'{"jsonrpc":"2.0","method":"deaf"}\'; sleep 60');
  await made.transport.start();
  await made.received(1);
  const failure = await assertRejects(() => made.transport.send(PING), McpFailure);
  assertEquals([failure.kind, failure.message], ["not-sent", "Server takes no input any more"]);
  await made.transport.close();
});

Deno.test("StdioTransport gives a server its arguments, variables and folder, and nothing else", async () => {
  const script = `printf '{"jsonrpc":"2.0","method":"%s","params":{"here":"%s","env":"%s"}}\\n' ` +
    '"$1" "$PWD" "$(env | sed "s/=.*//" | grep -v "^_$" | sort | tr "\\n" " ")"; cat';
  const folder = await Deno.makeTempDir();
  try {
    const made = shell("", {
      args: ["-c", script, "sh", "größe 1"],
      env: { ...env, ONLY: "this" },
      cwd: folder,
    });
    await made.transport.start();
    await made.received(1);
    assertEquals(made.messages, [{
      jsonrpc: "2.0",
      method: "größe 1",
      params: { here: await Deno.realPath(folder), env: "ONLY PATH PWD " },
    }]);
    await made.transport.close();
  } finally {
    await Deno.remove(folder);
  }
});

Deno.test("StdioTransport that cannot start says so, and closing it is no trouble", async () => {
  const made = shell("cat", { cwd: "/no/such/folder" });
  await assertRejects(() => made.transport.start(), SetupError, "/no/such/folder");
  await Promise.all([made.transport.close(), made.transport.close()]);
  const never = shell("cat");
  await never.transport.close();
  assertEquals(never.closes(), 1);
});

Deno.test("StdioTransport closed while it starts leaves no server behind", async () => {
  const made = shell("cat");
  const starting = made.transport.start();
  await Promise.all([starting, made.transport.close()]);
  assertEquals(made.closes(), 1);
  assert(made.transport.endedBy !== undefined);
});

Deno.test("StdioTransport ends a server that does not want to", async () => {
  const clock = new ManualClock();
  const made = shell(
    `trap "" TERM; echo '${JSON.stringify(PING)}'; while :; do sleep 5; done`,
    { clock },
  );
  await made.transport.start();
  await made.received(1);
  const closing = made.transport.close();
  while (made.closes() === 0) {
    clock.advance(2000);
    await macrotask();
  }
  await closing;
  assertEquals([made.transport.endedBy, clock.pending], ["ended by SIGKILL", 0]);
});
