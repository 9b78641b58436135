import { assert, assertFalse } from "@std/assert";
import { isLoopback, isLoopbackAuthority } from "./loopback.ts";

Deno.test("isLoopback() knows this machine's names and addresses, and no look-alikes", () => {
  for (
    const host of [
      "localhost",
      "LocalHost",
      "127.0.0.1",
      "127.9.8.7",
      "::1",
      "[::1]",
      "::ffff:127.0.0.1",
    ]
  ) assert(isLoopback(host), host);
  for (
    const host of [
      "",
      "0.0.0.0",
      "::",
      "localhost.example",
      "127.0.0.1.example",
      "128.0.0.1",
      "::2",
      "1127.0.0.1",
    ]
  ) assertFalse(isLoopback(host), host);
});

Deno.test("isLoopbackAuthority() takes any port and nothing around the name", () => {
  for (
    const authority of ["localhost", "localhost:1", "127.0.0.1:65535", "[::1]:80", "LOCALHOST:80"]
  ) {
    assert(isLoopbackAuthority(authority), authority);
  }
  for (
    const authority of [
      "",
      ":80",
      "localhost:",
      "localhost:x",
      "localhost:80:80",
      "localhost.",
      "a.localhost",
      "user@localhost",
      "localhost\n",
      "::1",
      "127.0.0.2",
    ]
  ) assertFalse(isLoopbackAuthority(authority), JSON.stringify(authority));
});
