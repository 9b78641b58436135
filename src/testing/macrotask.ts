/**
 * Waiting without a clock.
 * @module
 */

/** Resolves once every microtask queued so far has run, and those that these queued. */
export function macrotask(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      port2.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
