import { Agent, HostBackend, HostToolset } from "@x/fakellm/agent";
export const agent = new Agent({
  model: new HostBackend("demo"),
  toolsets: [new HostToolset("files")],
  instructions: "Be brief.",
});
