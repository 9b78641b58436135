import { assertEquals, assertThrows } from "@std/assert";
import { RequestError } from "../run/error.ts";
import { readBase64, readDataUrl, readImageUrl } from "./inline_data.ts";
import { at } from "./issue.ts";

const PATH = at(null, "url");

for (const data of ["QQ==", "QUI=", "QUJD", "+/+/"]) {
  Deno.test(`readBase64() takes ${data}`, () => {
    assertEquals(readBase64(data, PATH), data);
  });
}

for (
  const data of ["", "Q", "QQ", "QQ=", "QUI", "QU-_", "QQ==QQ==", "=QQQ", "QQ=Q", "====", "Q Q="]
) {
  Deno.test(`readBase64() rejects "${data}"`, () => {
    const error = assertThrows(() => readBase64(data, PATH), RequestError);
    assertEquals([error.code, error.param], ["invalid-value", "url"]);
  });
}

Deno.test("readDataUrl() takes type, parameters and data apart", () => {
  const png = { mediaType: "image/png", data: "QUJD" };
  assertEquals(readDataUrl("data:image/png;base64,QUJD", PATH), png);
  assertEquals(readDataUrl("DATA:Image/PNG;charset=utf-8;name=a;BASE64,QUJD", PATH), png);
  assertEquals(readDataUrl("data:;base64,QUJD", PATH), { mediaType: undefined, data: "QUJD" });
});

for (
  const url of [
    "data:",
    "data:image/png,QUJD",
    "data:image;base64,QUJD",
    "data:image/;base64,QUJD",
    "data:image/png;base64",
    "data:image/png;base64,",
    "data:image/png;base64,QUJ",
    "data:text/html<b>;base64,QUJD",
  ]
) {
  Deno.test(`readDataUrl() rejects ${url}`, () => {
    assertEquals(assertThrows(() => readDataUrl(url, PATH), RequestError).code, "invalid-value");
  });
}

for (
  const url of [
    "https://example.com/a.png?b=c",
    "HTTPS://example.com",
    "data:image/webp;base64,QUJD",
  ]
) {
  Deno.test(`readImageUrl() passes ${url} on`, () => {
    assertEquals(readImageUrl(url, PATH), url);
  });
}

for (
  const url of [
    "",
    "a.png",
    "/a.png",
    "//example.com/a.png",
    "http://example.com/a.png",
    "file:///etc/passwd",
    "ftp://example.com/a.png",
    "javascript:alert(1)",
    "blob:https://example.com/1",
    " https://example.com/a.png",
    "https://",
    "https://exa mple.com",
    "data:text/plain;base64,QUJD",
    "data:application/pdf;base64,QUJD",
    "data:;base64,QUJD",
  ]
) {
  Deno.test(`readImageUrl() rejects "${url}"`, () => {
    const error = assertThrows(() => readImageUrl(url, PATH), RequestError);
    assertEquals([error.code, error.param], ["invalid-value", "url"]);
  });
}

Deno.test("readDataUrl() reads tens of megabytes without recursion or backtracking", () => {
  const data = "A".repeat(32 << 20);
  assertEquals(readDataUrl(`data:image/png;base64,${data}`, PATH).data.length, data.length);
  assertThrows(() => readDataUrl(`data:image/png;base64,${data}!AAA`, PATH), RequestError);
  assertThrows(() => readDataUrl(`data:${"a/".repeat(16 << 20)}`, PATH), RequestError);
});
