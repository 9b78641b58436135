/** Real servers behind an agent behind the API, over each transport. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MCPToolset } from "../../src/mcp/toolset.ts";
import { type RealServer, realServer, TRANSPORTS } from "./real_servers.ts";
import { assertWhole, FORMS, Served } from "./served.ts";

/** The server `everything` behind the API. */
function everything(server: RealServer, options = {}): Served {
  const toolset = new MCPToolset({ id: "srv-everything", ...server.options, ...options });
  return new Served({ toolsets: [toolset], secrets: [...server.secrets, "everything"] });
}

for (const kind of TRANSPORTS) {
  Deno.test(`${kind}: text, JSON, structured content and images reach the model in every form of answer`, async () => {
    await using server = await realServer("everything", kind);
    await using served = everything(server);
    for (const form of FORMS) {
      const message = "Grüße, 天気 🌦️ שלום";
      assertEquals(await served.call("echo", { message }, { form }), `Echo: ${message}`);
      const sum = await served.call("get-sum", { a: 2, b: 40 }, { form });
      assertStringIncludes(sum, "42");
      const weather = await served.call("get-structured-content", { location: "Chicago" }, {
        form,
      });
      assertEquals(Object.keys(JSON.parse(weather)), ["temperature", "conditions", "humidity"]);
      const image = await served.ask([["get-tiny-image"]], { form });
      assertWhole(image, form);
      assertStringIncludes(image.results[0]!, "Here's the image you requested:See file ");
      const [file] = image.files;
      assert(file?.type === "image" && file.url?.startsWith("data:image/png;base64,iVBORw0KGgo"));
    }
  });

  Deno.test(`${kind}: what a tool says is wrong is for the model, and costs the client nothing`, async () => {
    await using server = await realServer("everything", kind);
    await using served = everything(server, { toolErrors: "failed" });
    const outcome = await served.ask([
      ["get-sum", { a: "two" }],
      ["get-resource-reference", { resourceType: "Text", resourceId: -5 }],
      ["no-such-tool"],
    ]);
    assertWhole(outcome);
    assertStringIncludes(outcome.results[0]!, "validation error");
    assertStringIncludes(outcome.results[1]!, "error");
    assertStringIncludes(outcome.results[2]!, "Unknown tool name: 'no-such-tool'");
  });

  Deno.test(`${kind}: fifty calls at once each get their own answer`, async () => {
    await using server = await realServer("everything", kind);
    await using served = everything(server);
    const texts = Array.from({ length: 50 }, (_, index) => `message ${index}`);
    const echoed = await Promise.all(texts.map((message) => served.call("echo", { message })));
    assertEquals(echoed, texts.map((text) => `Echo: ${text}`));
  });
}

Deno.test("tools that run as tasks are waited for, over each transport", async () => {
  // The server takes four seconds, whatever it is asked.
  await Promise.all(TRANSPORTS.map(async (kind) => {
    await using server = await realServer("everything", kind);
    await using served = everything(server);
    const report = await served.call("simulate-research-query", { topic: "tides" });
    assertStringIncludes(report, "tides", kind);
  }));
});

Deno.test("stdio: a server gets the variables it was given, a few harmless ones, and no others", async () => {
  Deno.env.set("FAKELLM_TEST_PARENT_SECRET", "hush");
  try {
    await using server = await realServer("everything", "stdio");
    await using served = everything(server);
    const env = JSON.parse(await served.call("get-env"));
    const given = Object.keys((server.options as { env: Record<string, string> }).env);
    const harmless = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "LANG", "TMPDIR", "TZ"];
    const expected = [...given, ...harmless.filter((name) => Deno.env.get(name) !== undefined)];
    // Shells add some of their own.
    const found = Object.keys(env).filter((name) =>
      !["PWD", "_", "OLDPWD", "SHLVL"].includes(name)
    );
    assertEquals(found.sort(), expected.sort());
  } finally {
    Deno.env.delete("FAKELLM_TEST_PARENT_SECRET");
  }
});
