/**
 * What a program needs to be allowed to serve a deployment: no more is compiled in.
 * @module
 */
import type { ResolvedDeployment } from "../../deploy/resolved.ts";
import type { GrantKind } from "../../isolation/grant.ts";

/** Flags of Deno. */
export function permissionFlagsFor({ entrypoints, mcps, store }: ResolvedDeployment): string[] {
  const models = entrypoints.flatMap((entrypoint) => entrypoint.models);
  const grants = models.flatMap(({ source }) =>
    source.type === "module" ? [source.permissions] : []
  );
  const guests = grants.length > 0 || models.some(({ codeMode }) => codeMode);
  // What no model uses is never started.
  const used = new Set(models.flatMap((model) => model.mcps));
  const programs = mcps.some(({ name, connection }) =>
    connection.transport === "stdio" && used.has(name)
  );
  // Guests live in folders of their own; what they are granted, their host must have.
  const files = guests || store.type === "sqlite";
  const needed: Readonly<Record<GrantKind, boolean>> = {
    net: true,
    env: true,
    read: files,
    write: files,
    run: guests || programs,
    sys: granted("sys"),
    import: granted("import"),
    ffi: granted("ffi"),
  };
  function granted(kind: GrantKind): boolean {
    return grants.some((each) => each[kind].length > 0);
  }
  const flags = Object.entries(needed).flatMap(([kind, needs]) => needs ? [`--allow-${kind}`] : []);
  // Deno would allow imports from some hosts.
  return ["--no-prompt", ...flags, ...needed.import ? [] : ["--deny-import"]];
}
