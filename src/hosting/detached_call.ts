/**
 * A run that outlives the request it came with.
 * @module
 */
import { Call } from "./call.ts";

/** Carries a run on when its client has left. Only the app, or whoever holds it, stops it. */
export class DetachedCall extends Call {
  protected override readonly subject: string = "run";

  /** Takes over the run of `origin`, which answers for itself. */
  constructor(origin: Call) {
    super(origin.request, origin.services, { requestId: origin.requestId });
    this.caller = origin.caller;
  }

  /** Nobody to be watched: clients come and go. */
  override watchClient(): void {}
}
