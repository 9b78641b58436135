/**
 * `deno publish --dry-run` on a copy in which the linked stand-ins lie outside the package, where the
 * real ones are too. Inside it they would count as modules of the package that it fails to publish.
 *
 * @module
 */

const root = new URL("../", import.meta.url).pathname;
const temporary = await Deno.makeTempDir();
try {
  const files = (await output("git", ["ls-files", "--cached", "--others", "--exclude-standard"]))
    .split("\n").filter((path) => path !== "" && path !== "deno.lock");
  for (const path of files) {
    const target = `${temporary}/${path.startsWith("std/") ? path : `package/${path}`}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    // A file deleted but not yet committed is still listed.
    await Deno.copyFile(`${root}${path}`, target).catch(ignoreMissing);
  }
  const configPath = `${temporary}/package/deno.json`;
  const config = JSON.parse(await Deno.readTextFile(configPath));
  if (config.links) config.links = config.links.map((link: string) => link.replace("./", "../"));
  await Deno.writeTextFile(configPath, JSON.stringify(config));
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["publish", "--dry-run", "--allow-dirty"],
    cwd: `${temporary}/package`,
  }).spawn().status;
  if (code !== 0) Deno.exit(code);
} finally {
  await Deno.remove(temporary, { recursive: true });
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const { code, stdout } = await new Deno.Command(command, {
    args: [...args],
    cwd: root,
    stderr: "inherit",
  }).output();
  if (code !== 0) throw new Error(`Command "${command}" ended with ${code}`);
  return new TextDecoder().decode(stdout);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
