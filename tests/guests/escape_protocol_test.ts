/**
 * A guest speaks to its host past its program: forged, malformed and endless messages on the pipe that
 * is meant for the program's own.
 */
import { assert, assertEquals } from "@std/assert";
import { entryOf, failsWith, isAlive, TestGuest, withWitness } from "./test_guest.ts";

/** Why the host ended the guest, as its operator reads it. */
async function endedBy(guest: TestGuest, text: string, pid: number): Promise<string> {
  // The answer may come out before the words that end it are read.
  await guest.does(async (text) => {
    const { writeSync } = await import("node:fs");
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += writeSync(1, bytes.subarray(at));
  }, text).catch(() => {});
  // The next run waits for the next process.
  assert(await guest.pid() !== pid, `Lives on after ${text.slice(0, 100)}`);
  assertEquals(isAlive(pid), false);
  const { detail } = entryOf(guest, "Guest ended");
  return `${detail}`;
}

/** What no guest may say, and what the operator is told of it. */
const BREACHES: Readonly<Record<string, readonly [string, RegExp]>> = {
  "no JSON": ["hello\n", /what is no message/],
  "an empty line": ["\n", /empty line/],
  "no object": ["7\n", /malformed/],
  "null": ["null\n", /malformed/],
  "a list": ["[]\n", /malformed/],
  "an unknown type": ['{"type":"shutdown"}\n', /malformed/],
  "a type of every object": ['{"type":"__proto__"}\n', /malformed/],
  "that it is ready, again": ['{"type":"ready","protocol":1,"models":[{}]}\n', /Started twice/],
  "that it failed to start": ['{"type":"failed","message":"x"}\n', /Started twice/],
  "the end of a run that is not": ['{"type":"done","run":999}\n', /run that there is not/],
  "events of a run that is not": ['{"type":"events","run":999,"events":["x"]}\n', /there is not/],
  "events without end": [
    `{"type":"events","run":1,"events":[${Array(1001).fill('"x"').join()}]}\n`,
    /malformed/,
  ],
  "more events than asked for": [
    `{"type":"events","run":1,"events":[{"type":"text-start"},${Array(900).fill('"x"').join()}]}\n`,
    /more events than it was asked for|run that there is not/,
  ],
  "an answer to no ping": ['{"type":"pong","ping":999}\n', /ping that there was not/],
  "a call with a wrong number": [
    '{"type":"call","call":7,"run":1,"request":{"service":"turn-find","id":"x"}}\n',
    /Numbered its calls wrongly/,
  ],
  "a call of a run that is not": [
    '{"type":"call","call":1,"run":999,"request":{"service":"turn-find","id":"x"}}\n',
    /run that there is not/,
  ],
  "a call for no service": [
    '{"type":"call","call":1,"run":1,"request":{"service":"constructor"}}\n',
    /malformed/,
  ],
  "that it took up what it had not": ['{"type":"taken","call":1,"events":1}\n', /not made/],
  "that it cancels what it had not": ['{"type":"cancel","call":1}\n', /not made/],
  "a number that is none": ['{"type":"done","run":1e400}\n', /malformed/],
  "deep nesting": [`${"[".repeat(200_000)}\n`, /no message|too many values/],
};

for (const part of [0, 1, 2]) {
  Deno.test(`a guest that says what none may say is ended and started again (${part + 1} of 3)`, async () => {
    // Each in a process of its own: whoever ends often waits ever longer.
    const breaches = Object.entries(BREACHES).filter((_, index) => index % 3 === part);
    await withWitness({}, async (witness) => {
      await Promise.all(breaches.map(async ([name, [text, expected]]) => {
        await using guest = await TestGuest.start();
        const reason = await endedBy(guest, text, await guest.pid());
        assert(new RegExp(expected, "i").test(reason), `${name}: ${reason}`);
      }));
      await witness.pid();
    });
  });
}

Deno.test("a module that says anything before it is ready cannot be served, and is read no further", async () => {
  const said = [
    '{"type":"call","call":1,"run":1,"request":{"service":"turn-find","id":"x"}}',
    '{"type":"events","run":1,"events":["x"]}',
    '{"type":"done","run":1}',
    '{"type":"pong","ping":1}',
    '{"type":"cancel","call":1}',
  ];
  await withWitness({}, async () => {
    await Promise.all(said.map((line) => {
      const code = `import { writeSync } from "node:fs";
        writeSync(1, new TextEncoder().encode(${JSON.stringify(`${line}\n`)}));
        export const agent = { async *run() {} };`;
      return failsWith(
        TestGuest.start({ specifier: "hasty.ts", code }),
        /^RunError: Guest "hasty.ts" spoke before it was ready$/,
      );
    }));
  });
});

Deno.test("a module may tell its operator something before it is ready", async () => {
  const code = `import { writeSync } from "node:fs";
    writeSync(1, new TextEncoder().encode('{"type":"log","level":"info","message":"soon"}\\n'));
    export const agent = { async *run() {} };`;
  await using guest = await TestGuest.start({ specifier: "slow.ts", code });
  assertEquals(entryOf(guest, "Guest tells").line, "soon");
});

Deno.test("a module that throws what cannot be shown fails at once", async () => {
  const throws = [
    "{ toString() { throw new Error('not me'); } }",
    "Object.create(null)",
    "Object.assign(new Error('m'), { name: Object.create(null), message: Object.create(null) })",
    "Object.defineProperty(new Error(), 'message', { get() { throw new Error('not me'); } })",
  ];
  await Promise.all(throws.map((thrown) =>
    failsWith(
      TestGuest.start({ specifier: "odd.ts", code: `throw ${thrown};` }),
      /^SetupError: Cannot serve module "odd.ts": .*cannot be shown/,
    )
  ));
});

Deno.test("bytes that are no text end a guest", async () => {
  await using guest = await TestGuest.start();
  const pid = await guest.pid();
  await guest.does(async () => {
    const { writeSync } = await import("node:fs");
    writeSync(1, new Uint8Array([0x22, 0xff, 0xfe, 0x22, 0x0a]));
  }).catch(() => {});
  assert(await guest.pid() !== pid);
  assert(/sent a line that is no UTF-8/.test(`${entryOf(guest, "Guest ended").detail}`));
});

Deno.test("a guest that never ends its line is ended before the host has gathered much", async () => {
  await withWitness({}, async (guest) => {
    const pid = await guest.pid();
    const before = Deno.memoryUsage().rss;
    await guest.does(async () => {
      const { writeSync } = await import("node:fs");
      const bytes = new Uint8Array(1024 * 1024).fill(0x20);
      for (let count = 0; count < 200; count++) {
        for (let at = 0; at < bytes.length;) at += writeSync(1, bytes.subarray(at));
      }
    }).catch(() => {});
    assert(await guest.pid() !== pid);
    assert(
      /sent a message of more than 67108864 bytes/.test(`${entryOf(guest, "Guest ended").detail}`),
    );
    const grown = Deno.memoryUsage().rss - before;
    assert(grown < 400 * 1024 * 1024, `grew by ${grown}`);
  });
});

Deno.test("a message of very many values is not even parsed", async () => {
  await withWitness({}, async (guest) => {
    const pid = await guest.pid();
    await guest.does(async () => {
      const { writeSync } = await import("node:fs");
      const text = `{"type":"log","level":"info","message":[${"[],".repeat(600_000)}0]}\n`;
      const bytes = new TextEncoder().encode(text);
      for (let at = 0; at < bytes.length;) at += writeSync(1, bytes.subarray(at));
    }).catch(() => {});
    assert(await guest.pid() !== pid);
    assert(/too many values/.test(`${entryOf(guest, "Guest ended").detail}`));
  });
});

Deno.test("messages with names of every object's own parts change no object of the host", async () => {
  await withWitness({}, async (guest) => {
    const forged = [
      '{"type":"log","level":"info","message":"a","__proto__":{"polluted":1}}',
      '{"type":"log","level":"info","message":"b","constructor":{"prototype":{"polluted":1}}}',
      '{"__proto__":{"type":"log","level":"info","message":"not told"},"type":"log","level":"info","message":"c"}',
    ];
    await guest.value(async (forged) => {
      const { writeSync } = await import("node:fs");
      writeSync(1, new TextEncoder().encode(`${forged.join("\n")}\n`));
    }, forged);
    assertEquals(({} as Record<string, unknown>).polluted, undefined);
    const told = guest.logger.entries.filter(({ message }) => message === "Guest tells")
      .map(({ fields }) => fields.line);
    assertEquals(told, ["a", "b", "c"]);
  });
});

Deno.test("what a module prints is no message, by whichever of its pipes it prints", async () => {
  await withWitness({}, async (guest) => {
    const pid = await guest.pid();
    await guest.value(async () => {
      // deno-lint-ignore no-console -- what a module may do.
      console.log("by console");
      await Deno.stdout.write(new TextEncoder().encode("by Deno.stdout\n"));
      Deno.stdout.writeSync(new TextEncoder().encode("by Deno.stdout, at once\n"));
      await new Response("by its stream\n").body!.pipeTo(Deno.stdout.writable, {
        preventClose: true,
      });
    });
    await guest.value(async () => {
      const { default: process } = await import("node:process");
      const write = (text: string) =>
        new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
      await write("by process.stdout\n");
      const { Console } = await import("node:console");
      new Console(process.stdout).log("by a console of its own");
    });
    assertEquals(await guest.pid(), pid);
  });
});
