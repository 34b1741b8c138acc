// The page's own rule that nothing leaves it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

test("the policy allows this server alone, and the import map as it is", async () => {
  const html = await readFile(new URL("../index.html", import.meta.url), "utf8");
  const [, policy] = html.match(/Content-Security-Policy"\s+content="([^"]+)"/);
  const [, map] = html.match(/<script type="importmap">(.*?)<\/script>/s);
  assert.match(policy, /default-src 'none'; connect-src 'self'/);
  assert.ok(policy.includes(`'sha256-${createHash("sha256").update(map).digest("base64")}'`));
  assert.doesNotMatch(html + policy, /https?:/);
});
