/**
 * Consent where several processes share one store: asked by one, answered at another, at several at
 * once, or after a restart.
 */
import { assert, assertEquals } from "@std/assert";
import type { App, AppOptions } from "../../mod.ts";
import { systemClock } from "../../src/context/system.ts";
import { gate, settle } from "../../src/hosting/fixture_test.ts";
import { MemoryRecords } from "../../src/hosting/store/memory_records.ts";
import { SqliteRecords } from "../../src/hosting/store/sqlite_records.ts";
import { redisStore } from "../../src/hosting/store/stores.ts";
import { RedisServer, redisServerMissing } from "../store/redis_server.ts";
import { bank, Conversation, say, serve, told, wordsIn } from "./asking.ts";
import { post, request } from "./posting.ts";

type Store = NonNullable<AppOptions["store"]>;

/** Stores that several processes can share, each seen as one of them sees it. */
interface Shared extends AsyncDisposable {
  readonly open: () => Store;
}

const SHARED: Readonly<
  Record<string, { readonly make: () => Promise<Shared>; readonly ignore?: boolean }>
> = {
  memory: {
    make: () => {
      const store = new MemoryRecords({ clock: systemClock });
      // What one process closes stays open for the others.
      const open = (): Store => ({
        start: () => store.start(),
        put: (...write) => store.put(...write),
        get: (...read) => store.get(...read),
        delete: (...remove) => store.delete(...remove),
        claim: (...claim) => store.claim(...claim),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
      return Promise.resolve({ open, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() });
    },
  },
  sqlite: {
    make: async () => {
      const folder = await Deno.makeTempDir();
      return {
        open: () => new SqliteRecords(`${folder}/store.db`, { clock: systemClock }),
        [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
      };
    },
  },
  redis: {
    make: async () => {
      const server = await RedisServer.start();
      return {
        open: () => redisStore(server.url),
        [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
      };
    },
    ignore: redisServerMissing,
  },
};

for (const [kind, { make, ignore }] of Object.entries(SHARED)) {
  const test = (name: string, fn: () => Promise<void>) =>
    Deno.test({ name: `${kind}: ${name}`, ignore, fn });

  test("what one process asked another follows, and all know what came of it", async () => {
    await using shared = await make();
    const made = bank();
    const apps = [1, 2, 3].map(() => serve(made.agent, { store: shared.open() }));
    await using _apps = stopped(...apps);
    const client = new Conversation(apps[0]!);
    await client.send();
    const body = { ...client.body, input: [say(client.questions[0]!, true)] };
    for (const app of apps.toReversed()) assertEquals(wordsIn(await told(app, body)), "moved");
    assertEquals(made.transfers.length, 1);
  });

  test("answers at several processes at once run a call once", async () => {
    await using shared = await make();
    const made = bank({
      execute: async () => {
        await settle();
        return "moved all of it";
      },
    });
    const apps = [1, 2, 3, 4].map(() => serve(made.agent, { store: shared.open() }));
    await using _apps = stopped(...apps);
    for (let round = 0; round < 5; round++) {
      const before = made.transfers.length;
      const client = new Conversation(apps[0]!);
      await client.send();
      const body = { ...client.body, input: [say(client.questions[0]!, true)] };
      const answers = await Promise.all(
        [...apps, ...apps, ...apps].map((app, index) =>
          told(app, body, { stream: index % 2 === 0 })
        ),
      );
      const words = answers.map(wordsIn);
      assert(words.includes("moved"), words.join());
      assertEquals(words.filter((word) => word !== "moved" && word !== "unknown"), []);
      assertEquals(made.transfers.length, before + 1);
      for (const app of apps) assertEquals(wordsIn(await told(app, body)), "moved");
    }
  });

  test("of yes and no at the same time one counts, everywhere", async () => {
    await using shared = await make();
    const made = bank();
    const apps = [1, 2].map(() => serve(made.agent, { store: shared.open() }));
    await using _apps = stopped(...apps);
    const client = new Conversation(apps[0]!);
    await client.send();
    const bodies = [true, false].map((approve) => ({
      ...client.body,
      input: [say(client.questions[0]!, approve)],
    }));
    await Promise.all(apps.flatMap((app) => bodies.map((body) => told(app, body))));
    const verdict = made.transfers.length === 1 ? "moved" : "denied";
    for (const app of apps) {
      for (const body of bodies) assertEquals(wordsIn(await told(app, body)), verdict);
    }
    assert(made.transfers.length <= 1);
  });

  test("a call whose process died in the middle is not repeated by another", async () => {
    await using shared = await make();
    const started = gate();
    const [dying, other] = [
      bank({
        execute: () => {
          started.resolve();
          return new Promise(() => {});
        },
      }),
      bank(),
    ];
    const one = serve(dying.agent, { store: shared.open() });
    const two = serve(other.agent, { store: shared.open() });
    await using _apps = stopped(two);
    const client = new Conversation(one);
    await client.send();
    const body = { ...client.body, input: [say(client.questions[0]!, true)] };
    const controller = new AbortController();
    const lost = Promise.resolve(one.fetch(post(body, { signal: controller.signal })));
    lost.catch(() => {});
    await started.promise;
    assertEquals(wordsIn(await told(two, body)), "unknown");
    controller.abort();
    await one.stop();
    await lost.then((response) => response.body?.cancel(), () => {});
    assertEquals(wordsIn(await told(two, body)), "unknown");
    assertEquals([dying.transfers.length, other.transfers.length], [1, 0]);
  });
}

Deno.test("sqlite: a restart forgets neither questions nor what came of them", async () => {
  await using shared = await SHARED.sqlite!.make();
  const made = bank();
  const life = async <T>(use: (app: App) => Promise<T>): Promise<T> => {
    await using app = serve(made.agent, { store: shared.open() });
    return await use(app);
  };
  const { body, id } = await life(async (app) => {
    const client = new Conversation(app);
    await client.send();
    return { body: client.body, id: client.questions[0]! };
  });
  const answer = { ...body, input: [say(id, true)] };
  for (let restart = 0; restart < 3; restart++) {
    assertEquals(await life(async (app) => wordsIn(await told(app, answer))), "moved");
  }
  assertEquals(made.transfers.length, 1);
});

Deno.test("memory: consent in the background at one process is followed once, polled at another", async () => {
  await using shared = await SHARED.memory!.make();
  const made = bank();
  const apps = [1, 2].map(() => serve(made.agent, { store: shared.open() }));
  await using _apps = stopped(...apps);
  const client = new Conversation(apps[0]!);
  await client.send();
  const body = { ...client.body, input: [say(client.questions[0]!, true)], background: true };
  const begun = await Promise.all([...apps, ...apps].map((app) => told(app, body)));
  const poll = async (id: string) => {
    for (;;) {
      const response = await (await apps[1]!.fetch(request(`responses/${id}`))).json();
      if (response.status === "completed") return wordsIn(response);
      await settle();
    }
  };
  const words = await Promise.all(begun.map(({ id }) => poll(id)));
  assert(words.includes("moved"));
  assertEquals(made.transfers.length, 1);
});

function stopped(...apps: readonly App[]): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      for (const app of apps) await app.stop();
    },
  };
}
