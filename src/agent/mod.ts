/**
 * The native Agent: everything a module needs to define one, with no I/O on import.
 * @module
 */
export type { Runner } from "../run/runner.ts";
