/**
 * A module that `fakellm <module>` serves from a process of its own.
 * @module
 */
import type { AppSource } from "../../hosting/fake_models.ts";
import type { DependencyHealth } from "../../hosting/health.ts";
import { SetupError } from "../../run/error.ts";
import type { Logger } from "../../run/seams.ts";

/** Which module, and what it may do. */
export interface GuestSourceOptions {
  /** Path or URL, with the export. */
  readonly module: string;
  /** Words of `--grant`. */
  readonly grants: readonly string[];
  /** Of `--integrity`. */
  readonly integrity: string | undefined;
  readonly logger: Logger;
}

/** A guest that runs. */
export interface GuestSource extends AsyncDisposable {
  /** What it exports. */
  readonly source: AppSource;
  /** Whether its process answers. */
  readonly health: DependencyHealth;
}

/**
 * Starts a module as a guest.
 *
 * @throws {SetupError} when the module, its grants or its integrity are wrong
 */
export async function startGuest(options: GuestSourceOptions): Promise<GuestSource> {
  const { module: text, grants, integrity, logger } = options;
  const [{ INTEGRITY_FORM }, { parseGrants }, { parseReference }, guests, hosting] = await Promise
    .all([
      import("../../module/graph/integrity.ts"),
      import("../../isolation/grant.ts"),
      import("../../module/reference.ts"),
      loadGuests(),
      loadHosting(),
    ]);
  if (integrity !== undefined && !INTEGRITY_FORM.test(integrity)) {
    throw new SetupError(
      `--integrity: Cannot use "${integrity}"; accepted: "sha256-" and 44 Base64 characters`,
    );
  }
  const { GuestModule, GuestRunner } = guests;
  const { FakeModels, DependencyHealth, systemClock } = hosting;
  const { specifier, exportName } = parseReference(text);
  const module = new GuestModule({
    specifier,
    exportName,
    folder: Deno.cwd(),
    grants: parseGrants(grants),
    integrity,
    clock: systemClock,
    logger,
  });
  await module.start();
  const [first] = module.models;
  const runner = (model: string | undefined) =>
    new GuestRunner(module, { model, servedName: model ?? "", ownsModule: false });
  const models = new FakeModels();
  for (const { id = "", description } of module.models) {
    if (id !== "") models.add(id, runner(id), { description });
  }
  return {
    source: first && first.id === undefined ? runner(undefined) : models,
    health: new DependencyHealth("module", (signal) => module.check(signal)),
    [Symbol.asyncDispose]: () => module[Symbol.asyncDispose](),
  };
}

async function loadGuests() {
  const [{ GuestModule }, { GuestRunner }] = await Promise.all([
    import("../../module/guest_module.ts"),
    import("../../module/guest_runner.ts"),
  ]);
  return { GuestModule, GuestRunner };
}

async function loadHosting() {
  const [{ FakeModels }, { DependencyHealth }, { systemClock }] = await Promise.all([
    import("../../hosting/fake_models.ts"),
    import("../../hosting/health.ts"),
    import("../../context/system.ts"),
  ]);
  return { FakeModels, DependencyHealth, systemClock };
}
