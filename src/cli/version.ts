/**
 * Which version this is.
 * @module
 */
import project from "../../deno.json" with { type: "json" };

/** What `--version` prints. */
export function versionLine(): string {
  return `fakellm ${project.version}`;
}
