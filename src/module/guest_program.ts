/**
 * The guest's program as one URL that Deno can run from anywhere, with nothing to download or read.
 * @module
 */
import { programUrl } from "../isolation/program_url.ts";
import exportedModels from "./guest/exported_models.ts" with { type: "text" };
import failure from "./guest/failure.ts" with { type: "text" };
import hostServices from "./guest/host_services.ts" with { type: "text" };
import main from "./guest/main.ts" with { type: "text" };
import output from "./guest/output.ts" with { type: "text" };
import runs from "./guest/runs.ts" with { type: "text" };

/** The files of `guest/`, by the names they know each other by. */
export const GUEST_FILES: Readonly<Record<string, string>> = {
  "./exported_models.ts": exportedModels,
  "./failure.ts": failure,
  "./host_services.ts": hostServices,
  "./main.ts": main,
  "./output.ts": output,
  "./runs.ts": runs,
};

let program: string | undefined;

/** The program as a `data:` URL; made once. */
export function guestProgram(): string {
  return program ??= programUrl(GUEST_FILES, "./main.ts");
}
