/**
 * The signals that tell a server to stop.
 * @module
 */

/** Signals received so far; disposing stops listening for them. */
export interface StopSignals extends Disposable {
  /** Whether any has come. */
  readonly received: boolean;
  /** Resolves at the first. */
  readonly first: Promise<"first">;
  /** Resolves at the second. */
  readonly second: Promise<"second">;
}

/** Windows knows no SIGTERM that a process can catch. */
const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/** Counts stop signals from now on. */
export function onStopSignals(): StopSignals {
  const first = Promise.withResolvers<"first">();
  const second = Promise.withResolvers<"second">();
  let received = 0;
  const listener = () => {
    received += 1;
    if (received === 1) first.resolve("first");
    else second.resolve("second");
  };
  for (const signal of SIGNALS) Deno.addSignalListener(signal, listener);
  return {
    get received() {
      return received > 0;
    },
    first: first.promise,
    second: second.promise,
    [Symbol.dispose]() {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, listener);
    },
  };
}
