/**
 * How much memory a process of Deno's has before it has done anything.
 * @module
 */

/** Measured: 545 MiB, most of it only reserved, and 8 MiB for each thread. */
const BASE_BYTES = 576 * 1024 * 1024;
const THREAD_BYTES = 16 * 1024 * 1024;

/** The limit of a process that may take `ownBytes` for its code. */
export function denoMemoryBytes(ownBytes: number): number {
  return BASE_BYTES + THREAD_BYTES * navigator.hardwareConcurrency + ownBytes;
}
