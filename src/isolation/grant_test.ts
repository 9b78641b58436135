import { assert, assertEquals, assertThrows } from "@std/assert";
import { SetupError } from "../run/error.ts";
import {
  checkOwnGrants,
  GRANT_KINDS,
  type Grants,
  isNothing,
  NO_GRANTS,
  normalGrants,
  parseGrants,
  permissionFlags,
} from "./grant.ts";

Deno.test("parseGrants() adds kinds up, and a kind alone is all of it", () => {
  const grants = parseGrants(["net=a.com,b.com:80", "net=c.com", "env", "env=X", "read=./a, ./b"]);
  assertEquals(grants, {
    ...NO_GRANTS,
    net: ["a.com", "b.com:80", "c.com"],
    env: "all",
    read: ["./a", "./b"],
  });
  assert(isNothing(parseGrants([])));
  assert(!isNothing(grants));
});

Deno.test("parseGrants() refuses what is no grant, and says what is", () => {
  for (const text of ["", "nett=a", "net=", "net=a,,b", "=a", "NET=a", "__proto__=a", "toString"]) {
    const error = assertThrows(() => parseGrants([text]), SetupError, JSON.stringify(text));
    assert(error.message.includes("net, read, write, env, run, import, sys, ffi"), error.message);
  }
});

Deno.test("normalGrants() makes paths absolute and refuses what a flag would take for several", () => {
  const grants = { ...NO_GRANTS, read: ["./a", "b/c", "/d", "."], net: ["./x"] };
  const { read, net } = normalGrants(grants, "/srv/bot/");
  assertEquals([read, net], [["/srv/bot/a", "/srv/bot/b/c", "/d", "/srv/bot"], ["./x"]]);
  for (const value of ["a,b", "", " a", "a\nb", "a\0"]) {
    const error = assertThrows(
      () => normalGrants({ ...NO_GRANTS, write: [value], net: [value] }, "/"),
      SetupError,
    );
    assertEquals(error.problems.map(({ path }) => path), ["permissions.net", "permissions.write"]);
  }
});

Deno.test("permissionFlags() denies whatever is not granted, imports by name", () => {
  assertEquals(permissionFlags(NO_GRANTS), ["--deny-import"]);
  assertEquals(
    permissionFlags({ ...NO_GRANTS, net: ["a.com"], sys: "all", import: ["b.com"] }),
    ["--allow-net=a.com", "--allow-import=b.com", "--allow-sys"],
  );
});

Deno.test("every flag of a grant is one that Deno takes, and grants nothing else", async () => {
  const program = `const out = {};
for (const name of ${JSON.stringify(GRANT_KINDS)}) {
  out[name] = (await Deno.permissions.query({ name })).state;
}
console.log(JSON.stringify(out));`;
  for (const kind of GRANT_KINDS) {
    const flags = permissionFlags({ ...NO_GRANTS, [kind]: "all" });
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-config", ...flags, `data:text/javascript,${program}`],
    }).output();
    const states = JSON.parse(new TextDecoder().decode(stdout));
    const granted = GRANT_KINDS.filter((name) => states[name] === "granted");
    assertEquals(granted, [kind]);
  }
});

/** What `checkOwnGrants` says in a process that was started with `flags`. */
async function checkedUnder(flags: readonly string[], grants: Partial<Grants>): Promise<string> {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const module = new URL("grant.ts", import.meta.url).href;
    await Deno.writeTextFile(
      script,
      `import { checkOwnGrants, NO_GRANTS } from ${JSON.stringify(module)};
await checkOwnGrants({ ...NO_GRANTS, ...${JSON.stringify(grants)} })
  .then(() => console.log("ok"), (error) => console.log(error.message));`,
    );
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-check", ...flags, script],
    }).output();
    return new TextDecoder().decode(stdout).trim();
  } finally {
    await Deno.remove(script);
  }
}

Deno.test("checkOwnGrants() lets a process give only what it has", async () => {
  await checkOwnGrants({ ...NO_GRANTS, net: "all", read: ["/"], sys: ["hostname"], run: ["x"] });
  const own = ["--allow-net=a.com", "--allow-env=HOME", "--allow-read=/srv"];
  const within = { net: ["a.com:443", "a.com"], env: ["HOME"], read: ["/srv/x"] };
  assertEquals(await checkedUnder(own, within), "ok");
  const beyond = { net: ["b.com"], env: "all", read: ["/"], import: ["c.com"] } as const;
  const told = await checkedUnder(own, beyond);
  for (
    const words of [
      'Cannot grant "b.com": this process may not do that itself; run it with --allow-net=b.com',
      "Cannot grant all of env",
      'Cannot grant "/"',
      'Cannot grant "c.com"',
    ]
  ) assert(told.includes(words), told);
});

Deno.test("normalGrants() resolves steps of paths", () => {
  const { read } = normalGrants(
    { ...NO_GRANTS, read: ["../data", "./a/../b/.", "/x/../y", "/"] },
    "/srv/agents",
  );
  assertEquals(read, ["/srv/data", "/srv/agents/b", "/y", "/"]);
});

Deno.test({
  name: "normalGrants() takes for a step what the system does, and nothing else",
  ignore: Deno.build.os === "windows",
  fn() {
    const { read } = normalGrants(
      { ...NO_GRANTS, read: ["/x/a\\b", "/x/..\\y", "C:/x"] },
      "/srv",
    );
    assertEquals(read, ["/x/a\\b", "/x/..\\y", "/srv/C:/x"]);
  },
});
