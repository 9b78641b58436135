/**
 * What a module finds where it runs as a guest: the way to its host.
 * @module
 */
import {
  RequestError,
  type RequestErrorCode,
  RunError,
  type RunErrorCode,
  SetupError,
} from "./error.ts";

/** The way to the host, put in place by the guest's program. */
export interface HostBridge {
  /** Backends that may be called, by name, with what they can do. */
  readonly backends: Readonly<Record<string, unknown>>;
  /** MCP servers that may be used, by name. */
  readonly mcps: readonly string[];
  /**
   * Asks for a service, under the identity and the limits of the run whose code is running.
   */
  ask(request: HostServiceRequest, options?: HostServiceOptions): Promise<unknown>;
}

/** What is asked of the host. */
export type HostServiceRequest = { readonly service: string } & Readonly<Record<string, unknown>>;

/** How it is asked. */
export interface HostServiceOptions {
  /** Ends the wait, and the service. */
  readonly signal?: AbortSignal;
  /**
   * Told what comes before the answer. A promise holds back what comes after a few more of them until
   * it is resolved.
   */
  readonly onEvents?: (events: readonly unknown[]) => void | Promise<void>;
}

/** Where the guest's program puts the bridge; the version of fakellm does not matter. */
export const BRIDGE: symbol = Symbol.for("fakellm.host");

/**
 * The bridge to the host.
 *
 * @param purpose what needs it, for the error
 * @throws {SetupError} where this code does not run as a guest
 */
export function hostBridge(purpose: string): HostBridge {
  const bridge = (globalThis as { readonly [BRIDGE]?: HostBridge })[BRIDGE as never];
  if (bridge) return bridge as HostBridge;
  throw new SetupError(
    `Cannot use ${purpose}: it is there only for modules that a deployment runs as guests`,
  );
}

/**
 * Asks the host for a service.
 *
 * @throws {RequestError} what the host refuses
 * @throws {RunError} when the service fails
 * @throws {Error} what a tool tells its model, of family `tool`
 */
export async function askHost(
  request: HostServiceRequest,
  options: HostServiceOptions,
): Promise<unknown> {
  try {
    return await hostBridge("a service of the host").ask(request, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    // Classes of the guest's program are not those of this one.
    const { family, code, message, param } = error as Error & Readonly<Record<string, unknown>>;
    if (family === "request") {
      throw new RequestError(code as RequestErrorCode, message, { param: param as string | null });
    }
    if (family === "run") {
      const { retryAfterMs, retryable } = error as Partial<RunError>;
      throw new RunError(code as RunErrorCode, message, { retryAfterMs, retryable });
    }
    throw error;
  }
}
