/** Sound models pass; one that never calls the tool and one that tells its name do not. */
import { DemoBackend, type Model } from "@x/fakellm";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { FunctionModel } from "@x/fakellm/testing";
import { main } from "./main.ts";
import { smokeTest } from "./smoke.ts";

/** Fails when the example no longer does what it shows. */
export async function check(): Promise<void> {
  const models: Record<string, Model> = {
    sound: new DemoBackend(),
    lazy: new FunctionModel(() => "I would rather not."),
    chatty: new FunctionModel((request) => {
      const [tool] = request.tools;
      const last = request.messages.at(-1);
      if (last?.role !== "tool") {
        return { toolCalls: [{ name: tool!.name, arguments: example(tool) }] };
      }
      return `${tool!.name} says ${JSON.stringify(last.content)}`;
    }),
  };
  const reports = await smokeTest(models, { prefix: "/smoke/v1" });
  const problems = Object.fromEntries(reports.map((report) => [report.model, report.problems]));
  assertEquals(problems.sound, []);
  assertEquals(problems.lazy?.length, 4, "Neither run nor code, unstreamed and streamed");
  assertStringIncludes(problems.lazy?.[0] ?? "", "unstreamed: the hidden tool did not run");
  assertEquals(problems.chatty?.length, 2);
  assertStringIncludes(problems.chatty?.[1] ?? "", "streamed: read_vault_");

  await checkCommandLine();
}

async function checkCommandLine(): Promise<void> {
  const lines: string[] = [];
  assertEquals(await main(["--unheard-of"], (line) => lines.push(line)), 2);
  assertStringIncludes(lines.join("\n"), "--proxy-model-names");
}

/** Arguments with each parameter the tool has. */
function example(tool: { readonly parameters?: Readonly<Record<string, unknown>> } | undefined) {
  const names = Object.keys(tool?.parameters?.["properties"] ?? {});
  return Object.fromEntries(names.map((name) => [name, "north"]));
}

if (import.meta.main) await check();
