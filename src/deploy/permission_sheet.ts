/**
 * What each model can reach: the sheet an operator reads before trusting a deployment.
 * @module
 */
import { GRANT_KINDS, type Grants } from "../isolation/grant.ts";
import { maskedUrl } from "./describe/mapping.ts";
import type {
  ResolvedBackend,
  ResolvedDeployment,
  ResolvedMcp,
  ResolvedModel,
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
      ...GRANT_KINDS.map((kind) => {
        const granted = source.permissions[kind];
        if (granted === "all") return `${kind} all`;
        return `${kind} ${granted.length === 0 ? "none" : granted.join(", ")}`;
      }),
      ...wideGrants(source.permissions),
      ...source.backends.flatMap((name) => backendChain(name, deployment.backends)).map((backend) =>
        `through the server: ${describeBackend(backend)}`
      ),
    ];
  const tasks = model.backgroundTasks.type === "backend"
    ? backendChain(model.backgroundTasks.backend, deployment.backends).map((backend) =>
      `background tasks: ${describeBackend(backend)}`
    )
    : [];
  const mcps = deployment.mcps.filter(({ name }) => model.mcps.includes(name)).flatMap(describeMcp);
  const code = model.codeMode
    ? ["runs TypeScript of its own in a process without permissions"]
    : [];
  return [...lines, ...tasks, ...mcps, ...describeApproval(model), ...code];
}

/** Grants that reach further than their words. */
function wideGrants({ run, ffi, import: imports }: Grants): string[] {
  return [
    ...imports.length === 0
      ? []
      : ["import is a network channel: it can carry what the module knows"],
    ...run.length === 0 ? [] : ["run: what it starts is not bound by any of this"],
    ...ffi.length === 0 ? [] : ["ffi: native code is not bound by any of this"],
  ];
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

function describeMcp({ name, connection, allowTools }: ResolvedMcp): string[] {
  const server = `MCP server ${name}`;
  const tools = allowTools ? [`${server}: only its tools ${allowTools.join(", ")}`] : [];
  if (connection.transport === "stdio") {
    return [`${server}: starts ${connection.command}`, ...tools];
  }
  const sent = Object.entries(connection.headers).flatMap(([header, value]) =>
    typeof value === "object"
      ? [
        `${server}: sends ${header} from ${
          value.from === "auth"
            ? "the caller's key name"
            : `the caller's ${value.from === "header" ? "header" : "field"} ${value.name}`
        }`,
      ]
      : []
  );
  return [`${server}: calls ${maskedUrl(connection.url)}`, ...sent, ...tools];
}

function describeApproval({ approval: { tools, ask } }: ResolvedModel): string[] {
  if (tools.length === 0) return [];
  const which = tools === "all" ? "all hidden tools" : tools.join(", ");
  return [
    ask === "client"
      ? `asks the client before it calls ${which}`
      : `never calls ${which}: approval is wanted and nobody is asked`,
  ];
}
