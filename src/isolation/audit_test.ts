import { assert, assertEquals } from "@std/assert";
import { Audit, type Denial } from "./audit.ts";
import { NO_GRANTS } from "./grant.ts";

function line(permission: string, value: string): string {
  const datetime = "2026-01-01T00:00:00Z";
  return JSON.stringify({ v: 1, datetime, permission, value });
}

function told(audit: Audit, ...lines: readonly string[]): Denial[] {
  const denials: Denial[] = [];
  for (const text of lines) assert(audit.take(text, (denial) => denials.push(denial)), text);
  return denials;
}

Deno.test("Audit tells what was denied, each once", () => {
  const audit = new Audit({
    ...NO_GRANTS,
    net: ["a.com", "b.com:80"],
    read: ["/srv/notes"],
    env: ["HOME"],
    sys: "all",
  });
  const denials = told(
    audit,
    line("net", "a.com:443"),
    line("net", "b.com:80"),
    line("net", "b.com:443"),
    line("net", "b.com:443"),
    line("read", "/srv/notes/a.txt"),
    line("read", "/srv/notes"),
    line("read", "/srv/notes2"),
    line("env", "HOME"),
    line("env", "KEY"),
    line("sys", "hostname"),
    line("run", "id"),
  );
  assertEquals(denials.map(({ permission, value }) => `${permission} ${value}`), [
    "net b.com:443",
    "read /srv/notes2",
    "env KEY",
    "run id",
  ]);
});

Deno.test("Audit knows wildcards and networks", () => {
  const audit = new Audit({ ...NO_GRANTS, net: ["*.a.com", "10.0.0.0/8"] });
  const lines = ["b.a.com:443", "10.1.2.3:80", "a.com:443", "xa.com:443"].map((host) =>
    line("net", host)
  );
  assertEquals(told(audit, ...lines).map(({ value }) => value), ["a.com:443", "xa.com:443"]);
});

Deno.test("Audit shows no URL: its host comes by itself, and the rest may be a secret", () => {
  const audit = new Audit(NO_GRANTS);
  const lines = [line("net", "https://evil.com/x?token=secret"), line("net", "evil.com:443")];
  assertEquals(told(audit, ...lines), [{ permission: "net", value: "evil.com:443" }]);
});

Deno.test("Audit leaves to others what is no line of Deno's", () => {
  const audit = new Audit(NO_GRANTS);
  for (
    const text of ["hello", "{}", '{"v":1}', line("net", "a").slice(1), `${line("net", "a")}.`]
  ) {
    assert(!audit.take(text, () => assert(false)), text);
  }
  assertEquals(told(audit, '{"v":1,"datetime":"x","permission":"net","value":[1]}'), []);
  assertEquals(told(audit, '{"v":1,"datetime":"x","permission":"new_kind","value":"x"}'), []);
});

Deno.test("Audit forgets nothing and fills no memory, whatever a process writes", () => {
  const audit = new Audit(NO_GRANTS);
  const lines = Array.from({ length: 5000 }, (_, index) => line("net", `h${index}.com:443`));
  assertEquals(told(audit, ...lines).length, 1001);
  const [denial] = told(new Audit(NO_GRANTS), line("read", "x".repeat(10_000)));
  assertEquals(denial?.value.length, 200);
});
