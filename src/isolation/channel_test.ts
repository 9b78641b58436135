import { assertEquals } from "@std/assert";
import { systemClock } from "../context/system.ts";
import { Channel, type ChannelOptions } from "./channel.ts";
import { ChildProcess } from "./process.ts";

/** A shell, and what its channel tells. */
async function opened(script: string, options: Partial<ChannelOptions> = {}) {
  const process = await ChildProcess.start({
    command: "sh",
    args: ["-c", script],
    env: { PATH: Deno.env.get("PATH") ?? "" },
    clock: systemClock,
  });
  void process.stderr.cancel();
  const lines: string[] = [];
  const breaches: string[] = [];
  const { promise: breached, resolve } = Promise.withResolvers<string>();
  const channel = new Channel(process, {
    maxMessageBytes: 1000,
    maxQueuedBytes: 100_000,
    onLine: (line) => lines.push(line),
    onBreach: (reason) => {
      breaches.push(reason);
      resolve(reason);
    },
    clock: systemClock,
    ...options,
  });
  return { process, channel, lines, breaches, breached };
}

Deno.test("Channel carries messages both ways, in order, whatever is in them", async () => {
  const { process, channel, lines, breaches } = await opened("cat", { maxMessageBytes: 1e6 });
  const sent = Array.from({ length: 500 }, (_, n) => ({ n, text: "ü\n\u2028\0".repeat(n % 7) }));
  for (const message of sent) channel.send(message);
  while (lines.length < sent.length) await new Promise((resolve) => setTimeout(resolve, 1));
  await process.stop();
  await channel.end();
  assertEquals(lines.map((line) => JSON.parse(line)), sent);
  assertEquals(breaches, []);
});

Deno.test("Channel tells of a message that is too long before it is gathered", async () => {
  const { process, breached } = await opened("yes aaaaaaaaaaaaaaaa | tr -d '\\n'");
  assertEquals(await breached, "Sent a message of more than 1000 bytes");
  await process.kill();
});

Deno.test("Channel tells of what its reader refuses, and hands on nothing after it", async () => {
  let read = 0;
  const { process, channel, breaches, breached } = await opened("echo good; echo bad; echo good", {
    onLine: (line) => {
      read += 1;
      if (line === "bad") throw new Error("Sent what it may not");
    },
  });
  assertEquals(await breached, "Sent what it may not");
  await process.stop();
  await channel.end();
  assertEquals([read, breaches.length], [2, 1]);
});

Deno.test("Channel fills no memory for a process that does not read", async () => {
  const { process, channel, breached, breaches } = await opened("sleep 60");
  for (let n = 0; n < 1000; n++) channel.send({ text: "x".repeat(1000) });
  assertEquals(await breached, "Does not read what it is told");
  channel.send({ more: true });
  assertEquals(breaches.length, 1);
  await process.kill();
});

Deno.test("Channel is silent when its process ends under it", async () => {
  const { process, channel, breaches } = await opened("exit 0");
  await process.ended;
  for (let n = 0; n < 10; n++) channel.send({ n });
  await channel.end();
  await new Promise((resolve) => setTimeout(resolve, 0));
  channel.send({ late: true });
  assertEquals(breaches, []);
});

Deno.test("Channel lets go of an output that others hold open, after what was said", async () => {
  const { process, channel, lines } = await opened("setsid sleep 600 & echo $!");
  await process.ended;
  await channel.end();
  assertEquals(lines.length, 1);
  Deno.kill(Number(lines[0]), "SIGKILL");
});
