/**
 * Hashes without waiting.
 * @module
 */
import type * as NodeCrypto from "node:crypto";

let loaded: typeof NodeCrypto | undefined;

/**
 * Loaded when first needed, not with this file: it takes as long to load as half of the server. The
 * web's own hash is asynchronous and costs more than everything else in a request.
 */
export function nodeCrypto(): typeof NodeCrypto {
  // deno-lint-ignore no-process-global -- to import `node:process` is to load what is put off here.
  return loaded ??= process.getBuiltinModule("node:crypto");
}
