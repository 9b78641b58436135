/**
 * How programs that are built from here import this package.
 * @module
 */
import project from "../../../deno.json" with { type: "json" };

/** What a build is told of this package. */
export interface OwnPackage {
  /** Specifier of the command line's module. */
  readonly cli: string;
  /** Flags that make its imports mean what they mean here. */
  readonly flags: readonly string[];
}

/** Published code is imported as such, a checkout as it lies there. */
export function ownPackage(from: string = import.meta.url): OwnPackage {
  const published = { cli: `jsr:${project.name}@${project.version}/cli`, flags: ["--no-config"] };
  // A compiled program carries its code where no other program can read it.
  if (Deno.build.standalone || !from.startsWith("file:")) return published;
  const root = new URL("../../../", from);
  const path = (name: string) => decodeURIComponent(new URL(name, root).pathname);
  return {
    cli: new URL("cli.ts", root).href,
    flags: [`--config=${path("deno.json")}`, `--lock=${path("deno.lock")}`, "--frozen"],
  };
}
