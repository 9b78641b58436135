/**
 * Sees to it that no process outlives this one, whatever ends it.
 *
 * A shell waits at the end of a pipe. It knows the process group of each child; when this process
 * ends, by SIGKILL too, the pipe ends and the shell kills them all. On the way it sends signals to
 * whole groups, which Deno itself does only with leave to run everything.
 *
 * @module
 */

/**
 * Knows groups, and a folder of each that has one, until told to drop them; sends a signal; at the end
 * of its input kills the rest and removes their folders.
 */
const SCRIPT = `trap "" HUP INT TERM
all=" "
while read -r verb group folder; do
  case $verb in
    add) all="$all$group "; eval "folder_$group=\\$folder" ;;
    drop) all="\${all%% $group *} \${all#* $group }" ;;
    *) kill -s "$verb" -- "-$group" 2>/dev/null ;;
  esac
done
for group in $all; do kill -s KILL -- "-$group" 2>/dev/null; done
for group in $all; do
  eval "folder=\\$folder_$group"
  [ -z "$folder" ] || rm -rf -- "$folder"
done`;

/** What a process group can be told. */
export type GroupSignal = "TERM" | "KILL";

interface Shell {
  readonly input: WritableStreamDefaultWriter<Uint8Array>;
  readonly ended: Promise<unknown>;
}

/** Guards process groups; runs a shell only while it has any. */
export class Warden {
  /** Groups with what `add` says of them. */
  readonly #groups = new Map<number, string>();
  #shell: Shell | undefined;
  /** Words go to the shell one after the other. */
  #saying: Promise<void> = Promise.resolve();

  /**
   * Guards a group from now on. Resolves once the group would not outlive this process.
   *
   * @param folder would not outlive it either; a path without line breaks
   */
  guard(group: number, folder = ""): Promise<void> {
    const words = `add ${group} ${folder}`;
    this.#groups.set(group, words);
    return this.#say(words, group);
  }

  /** Sends a signal to every process of a group. */
  signal(group: number, signal: GroupSignal): Promise<void> {
    return this.#say(`${signal} ${group}`, group);
  }

  /** Forgets a group whose leader has ended; what is left of it is killed. */
  async release(group: number): Promise<void> {
    if (!this.#groups.has(group)) return;
    await this.#say(`KILL ${group}\ndrop ${group}`, group);
    this.#groups.delete(group);
    if (this.#groups.size > 0) return;
    const shell = this.#shell;
    this.#shell = undefined;
    await shell?.input.close().catch(() => {});
    await shell?.ended;
  }

  #say(words: string, group: number): Promise<void> {
    const said = this.#saying.then(() => this.#groups.has(group) ? this.#write(words) : undefined);
    this.#saying = said.catch(() => {});
    return said;
  }

  async #write(words: string): Promise<void> {
    const line = new TextEncoder().encode(`${words}\n`);
    try {
      await (this.#shell ??= startShell()).input.write(line);
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      // Somebody ended the shell: another one takes over what it knew.
      const known = Array.from(this.#groups.values(), (words) => `${words}\n`).join("");
      this.#shell = startShell();
      await this.#shell.input.write(new TextEncoder().encode(known));
      await this.#shell.input.write(line);
    }
  }
}

function startShell(): Shell {
  const child = new Deno.Command("sh", {
    args: ["-c", SCRIPT],
    clearEnv: true,
    stdin: "piped",
    stdout: "null",
    stderr: "null",
    // What is sent to this process's own group, as by Ctrl-C, must not reach the shell.
    detached: true,
  }).spawn();
  return { input: child.stdin.getWriter(), ended: child.status };
}
