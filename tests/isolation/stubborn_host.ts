/** Starts programs that would rather stay, tells their numbers, and waits to be killed. */
import { systemClock } from "../../src/context/system.ts";
import { ChildProcess } from "../../src/isolation/process.ts";

const stubborn = await ChildProcess.start({
  command: "sh",
  args: ["-c", 'trap "" TERM HUP INT; sleep 60 & echo $!; while :; do sleep 60; done'],
  env: { PATH: Deno.env.get("PATH") ?? "" },
  clock: systemClock,
});
const folder = await Deno.makeTempDir({ prefix: "a folder " });
await Deno.writeTextFile(`${folder}/file`, "x");
const quiet = await ChildProcess.start({
  folder,
  command: "sleep",
  args: ["60"],
  env: { PATH: Deno.env.get("PATH") ?? "" },
  clock: systemClock,
});
const { value } = await stubborn.stdout.pipeThrough(new TextDecoderStream()).getReader().read();
await Deno.stdout.write(
  new TextEncoder().encode(
    `${JSON.stringify({ pids: [stubborn.pid, quiet.pid, Number(value)], folder })}\n`,
  ),
);
await new Promise(() => setInterval(() => {}, 60_000));
