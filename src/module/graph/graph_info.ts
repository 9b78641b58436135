/**
 * What Deno tells of a module and everything it imports, and how it is spoken of.
 * @module
 */
import { z } from "zod";

/** The output of `deno info --json`, as far as it matters. */
export const infoSchema = z.object({
  redirects: z.record(z.string(), z.string()),
  modules: z.array(z.object({
    kind: z.string().optional(),
    specifier: z.string(),
    local: z.string().nullish(),
    error: z.string().optional(),
    size: z.number().optional(),
    dependencies: z.array(z.object({
      specifier: z.string(),
      isDynamic: z.boolean().optional(),
      npmPackage: z.string().optional(),
      // The `type` of the import's attributes.
      assertionType: z.string().optional(),
      code: z.object({ specifier: z.string().optional(), error: z.string().optional() }).optional(),
    })).optional(),
  })),
  npmPackages: z.record(
    z.string(),
    z.object({
      name: z.string(),
      version: z.string(),
      dependencies: z.array(z.string()),
      localPath: z.string().optional(),
    }),
  ),
});

/** What Deno tells of a graph. */
export type GraphInfo = z.infer<typeof infoSchema>;

/** A specifier as it may be shown: a URL can carry a password or a token. */
export function shownSpecifier(specifier: string): string {
  if (specifier.startsWith("data:")) return "data:…";
  return specifier.replace(/\/\/[^/@]*@/, "//").replace(/\?.*$/s, "");
}

/** Host and port, as permissions name them. */
export function hostOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}
