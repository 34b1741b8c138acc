// The server gives this machine its own files, and nothing to anyone else.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { server } from "../server.js";

let home, pages, port;

before(async () => {
  home = await mkdtemp(join(tmpdir(), "kseq2seq-"));
  const root = join(home, "root");
  await mkdir(join(root, "folder.js"), { recursive: true });
  await writeFile(join(root, "index.html"), "<p>한</p>");
  await writeFile(join(root, "empty.css"), "");
  await writeFile(join(root, "notes.txt"), "mine");
  await writeFile(join(root, ".hidden.js"), "mine");
  await writeFile(join(root, "a b.js"), "1");
  await writeFile(join(home, "secret.js"), "secret");
  await writeFile(join(home, "model.bin"), "a model");
  await symlink(join(home, "secret.js"), join(root, "linked.js"));
  await symlink("index.html", join(root, "inner.html"));
  await symlink(home, join(root, "up"));
  pages = server(join(home, "model.bin"), root).listen(0, "localhost");
  await once(pages, "listening");
  port = pages.address().port;
});

after(async () => {
  pages.close();
  await rm(home, { recursive: true });
});

async function ask(path, { method = "GET", host = `localhost:${port}`, to = port } = {}) {
  const asked = request({ host: "localhost", port: to, path, method, headers: { host } }).end();
  const [response] = await once(asked, "response");
  let body = "";
  for await (const part of response) body += part;
  assert.equal(response.headers["x-content-type-options"], "nosniff", `${method} ${path}`);
  return { status: response.statusCode, headers: response.headers, body };
}

test("files come whole, with their types", async () => {
  const page = await ask("/");
  assert.deepEqual([page.status, page.body], [200, "<p>한</p>"]);
  assert.equal(page.headers["content-type"], "text/html; charset=utf-8");
  assert.equal(page.headers["content-length"], "10");
  assert.deepEqual((await ask("/index.html?x=../1")).body, "<p>한</p>");
  assert.equal((await ask("/a%20b.js")).body, "1");
  const empty = await ask("/empty.css");
  assert.deepEqual([empty.status, empty.body], [200, ""]);
  const model = await ask("/model.tflite");
  assert.deepEqual([model.status, model.body], [200, "a model"]);
  assert.equal(model.headers["content-type"], "application/octet-stream");
});

test("HEAD gives the headers of GET and no body", async () => {
  for (const path of ["/", "/model.tflite", "/empty.css", "/nothing.js"]) {
    const [get, head] = [await ask(path), await ask(path, { method: "HEAD" })];
    assert.equal(head.body, "");
    assert.equal(head.status, get.status);
    assert.equal(head.headers["content-length"], get.headers["content-length"]);
    assert.equal(head.headers["content-type"], get.headers["content-type"]);
  }
});

test("other methods are refused", async () => {
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"]) {
    const { status, headers } = await ask("/", { method });
    assert.deepEqual([status, headers.allow], [405, "GET, HEAD"], method);
  }
});

test("only names of this machine are answered", async () => {
  for (const host of ["localhost", "LOCALHOST:1", `127.0.0.1:${port}`, "[::1]", `[::1]:${port}`])
    assert.equal((await ask("/", { host })).status, 200, host);
  for (const host of [
    "example.org",
    `example.org:${port}`,
    "localhost.example.org",
    "example.org:localhost",
    "localhost:80:80",
    "localhost@example.org",
    "127.0.0.1.example.org",
    "[::2]",
    "[::1].example.org",
    "0.0.0.0",
  ]) {
    const { status, body } = await ask("/", { host });
    assert.deepEqual([status, body], [403, ""], host);
  }
});

test("nothing outside of the folder can be named", async () => {
  for (const path of [
    "/../secret.js",
    "/%2e%2e/secret.js",
    "/%2E%2E%2fsecret.js",
    "/folder.js/../../secret.js",
    "/..%5csecret.js",
    "/%252e%252e/secret.js",
    "/index.html%00.js",
    "/%zz.js",
    "//secret.js",
    "/.hidden.js",
    "/./index.html",
    "/index.html/",
    "/index.html/x.js",
    "/c:/secret.js",
    "http://example.org/index.html",
    "/notes.txt",
    "/folder.js",
    "/folder",
    "/constructor",
    `/${"x".repeat(300)}.js`,
    "/" + join(home, "secret.js"),
  ]) {
    const { status, body } = await ask(path);
    assert.ok([400, 404].includes(status), `${path}: ${status}`);
    assert.equal(body, "");
  }
});

test("links are not followed", async () => {
  for (const path of ["/linked.js", "/inner.html", "/up/secret.js", "/up/root/index.html"])
    assert.equal((await ask(path)).status, 404, path);
});

test("what is no request, or names no host, is refused", async () => {
  for (const [text, status] of [
    ["nonsense\r\n\r\n", "400"],
    ["GET /\\..\\secret.js HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", "400"],
    ["GET / HTTP/1.1\r\nConnection: close\r\n\r\n", "403"],
    ["GET / HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n", "403"],
    ["GET / HTTP/1.0\r\n\r\n", "403"],
  ]) {
    const socket = connect(port, "localhost").setEncoding("utf8");
    socket.write(text);
    let answer = "";
    for await (const part of socket) answer += part;
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `), text);
    assert.match(answer, /X-Content-Type-Options: nosniff/, text);
  }
});

test("without a model there is none, and a model that is gone is no error", async () => {
  const none = server(undefined, join(home, "root")).listen(0, "localhost");
  await once(none, "listening");
  const gone = server(join(home, "gone.tflite"), join(home, "root")).listen(0, "localhost");
  await once(gone, "listening");
  try {
    assert.equal((await ask("/model.tflite", { to: none.address().port })).status, 204);
    assert.equal((await ask("/model.tflite", { to: gone.address().port })).status, 404);
  } finally {
    none.close();
    gone.close();
  }
});

test("the page's own files are served", async () => {
  const own = server().listen(0, "localhost");
  await once(own, "listening");
  try {
    for (const path of ["/", "/page.js", "/page.css", "/server.js"])
      assert.equal((await ask(path, { to: own.address().port })).status, 200, path);
  } finally {
    own.close();
  }
});
