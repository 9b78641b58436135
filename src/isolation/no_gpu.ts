/**
 * Graphics without leave: Deno asks no permission for `navigator.gpu`.
 * @module
 */

/**
 * Variables that leave a process without any. What is done there is done by drivers, which read about
 * the machine, write caches of their own, and know no limit.
 */
export const NO_GPU: Readonly<Record<string, string>> = {
  DENO_WEBGPU_BACKEND: "none",
  MESA_SHADER_CACHE_DISABLE: "true",
};
