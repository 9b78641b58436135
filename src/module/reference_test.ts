import { assertEquals } from "@std/assert";
import { locate, parseReference } from "./reference.ts";

Deno.test("parseReference() splits modules from exports", () => {
  const cases: Readonly<Record<string, readonly [string, string | undefined]>> = {
    "agent.ts": ["agent.ts", undefined],
    "./agent.ts#support": ["./agent.ts", "support"],
    "./agent.ts:support": ["./agent.ts", "support"],
    "./agent.ts:default": ["./agent.ts", "default"],
    "./agent.ts:$x_1": ["./agent.ts", "$x_1"],
    "./agent.ts#": ["./agent.ts", undefined],
    "./dir#1/x.ts": ["./dir#1/x.ts", undefined],
    "./dir#one/x.ts": ["./dir#one/x.ts", undefined],
    "./dir#1/x.ts#support": ["./dir#1/x.ts", "support"],
    "./dir#1/x.ts:support": ["./dir#1/x.ts", "support"],
    "./agent.ts:": ["./agent.ts:", undefined],
    "./agent.ts:8000": ["./agent.ts:8000", undefined],
    "./a:b/agent.ts": ["./a:b/agent.ts", undefined],
    "https://example.com": ["https://example.com", undefined],
    "https://example:port": ["https://example:port", undefined],
    "https://example.com/agent.ts#support": ["https://example.com/agent.ts", "support"],
    "https://example.com/agent.ts:support": ["https://example.com/agent.ts", "support"],
    "https://example.com:8080/agent.ts": ["https://example.com:8080/agent.ts", undefined],
    "npm:agent": ["npm:agent", undefined],
    "jsr:@scope/agent#support": ["jsr:@scope/agent", "support"],
    "C:agent": ["C:agent", undefined],
    "#agent": ["#agent", undefined],
  };
  for (const [text, [specifier, exportName]] of Object.entries(cases)) {
    assertEquals(parseReference(text), { specifier, exportName }, text);
  }
});

Deno.test("locate() finds local files and refuses to guess about the rest", () => {
  const local = (specifier: string) => {
    const location = locate(specifier, "/home/me");
    return location.type === "local" ? location.url : location.type;
  };
  assertEquals(local("agent.ts"), "file:///home/me/agent.ts");
  assertEquals(local("../agent.ts"), "file:///home/agent.ts");
  assertEquals(local("/agent.ts"), "file:///agent.ts");
  assertEquals(local("a%b?.ts"), "file:///home/me/a%25b%3F.ts");
  assertEquals(local("./a:b.ts"), "file:///home/me/a:b.ts");
  assertEquals(local("//host/agent.ts"), "file:///host/agent.ts");
  assertEquals(local("file:///x/agent.ts"), "file:///x/agent.ts");
  for (const remote of ["https://a/b.ts", "npm:x", "jsr:@a/b", "data:text/javascript,1"]) {
    assertEquals(local(remote), "remote");
  }
});
