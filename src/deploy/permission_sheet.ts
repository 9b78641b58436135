/**
 * What each model can reach: the sheet an operator reads before trusting a deployment.
 * @module
 */
import { maskedUrl } from "./describe.ts";
import {
  PERMISSION_KINDS,
  type ResolvedBackend,
  type ResolvedDeployment,
  type ResolvedMcp,
  type ResolvedModel,
} from "./resolved.ts";

/** One line for each thing that each model can reach. */
export function permissionSheet(deployment: ResolvedDeployment): readonly string[] {
  return deployment.entrypoints.flatMap(({ prefix, models }) =>
    models.flatMap((model) => [
      `${prefix} ${model.id}`,
      ...reach(model, deployment).map((line) => `  ${line}`),
    ])
  );
}

function reach(model: ResolvedModel, deployment: ResolvedDeployment): string[] {
  const { source } = model;
  const lines = source.type === "backend"
    ? [
      "runs in the server; no code of its own",
      ...backendChain(source.backend, deployment.backends).map(describeBackend),
    ]
    : [
      `runs ${maskedUrl(source.specifier)} in a process of its own`,
      `integrity ${source.integrity ?? "not pinned"}`,
      ...PERMISSION_KINDS.map((kind) => {
        const granted = source.permissions[kind];
        if (granted === "all") return `${kind} all`;
        return `${kind} ${granted.length === 0 ? "none" : granted.join(", ")}`;
      }),
    ];
  const tasks = model.backgroundTasks.type === "backend"
    ? backendChain(model.backgroundTasks.backend, deployment.backends).map((backend) =>
      `background tasks: ${describeBackend(backend)}`
    )
    : [];
  const mcps = deployment.mcps.filter(({ name }) => model.mcps.includes(name)).map(describeMcp);
  const code = model.codeMode
    ? ["runs TypeScript of its own in a process without permissions"]
    : [];
  return [...lines, ...tasks, ...mcps, ...code];
}

/** The backend and all that stand in for it, each once, in the order in which they are tried. */
function backendChain(name: string, backends: readonly ResolvedBackend[]): ResolvedBackend[] {
  const chain = new Set<ResolvedBackend>();
  const walk = (next: string) => {
    const backend = backends.find((candidate) => candidate.name === next);
    if (!backend || chain.has(backend)) return;
    chain.add(backend);
    backend.fallback.forEach(walk);
  };
  walk(name);
  return [...chain];
}

function describeBackend(backend: ResolvedBackend): string {
  if (backend.type === "demo") return `backend ${backend.name}: the built-in demo, no network`;
  const fetching = backend.fetchUrls ? "; fetches URLs of clients" : "";
  return `backend ${backend.name}: calls ${maskedUrl(backend.baseUrl)}${fetching}`;
}

function describeMcp({ name, connection }: ResolvedMcp): string {
  return connection.transport === "stdio"
    ? `MCP server ${name}: starts ${connection.command}`
    : `MCP server ${name}: calls ${maskedUrl(connection.url)}`;
}
