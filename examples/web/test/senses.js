// Opens the page in a headless Chromium, and gives its models recordings and pictures.
// Use: node test/senses.js FOLDER [FOLDER for screenshots]; tests/test_web_page.py fills the first.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { extname, join, resolve } from "node:path";
import { server } from "../server.js";
import { Browser } from "./browser.js";

const TYPES = { ".wav": "audio/wav", ".png": "image/png", ".jpg": "image/jpeg" };
const GIVE = `
  const [name, type, content, act] = arguments;
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type }));
  const options = { bubbles: true, cancelable: true };
  document.body.dispatchEvent(
    act === "drop"
      ? new DragEvent("drop", { dataTransfer: data, ...options })
      : new ClipboardEvent("paste", { clipboardData: data, ...options }),
  );`;
const SHOWN = `return {
  ids: [...document.querySelectorAll("#tokens li")].map((item) => Number(item.dataset.id)),
  text: document.getElementById("output").textContent,
  error: document.getElementById("error").textContent,
}`;
const READY = "return document.getElementById('speed').textContent !== ''";

const [folder, pictures] = process.argv.slice(2);
const models = JSON.parse(await readFile(join(folder, "expected.json"), "utf8"));
const pages = server(undefined).listen(0, "localhost");
await once(pages, "listening");
const browser = await Browser.open(
  "--use-fake-device-for-media-stream",
  "--use-fake-ui-for-media-stream",
  `--use-file-for-fake-audio-capture=${resolve(folder, "mono.wav")}`,
);
try {
  await browser.go(`http://localhost:${pages.address().port}/`);
  await browser.until("return document.getElementById('status').textContent.startsWith('Choose')");
  for (const { name, cases, refused } of models) {
    await browser.press("#file", resolve(folder, `${name}.tflite`));
    await browser.until(`return document.getElementById("name").textContent === "${name}.tflite"`);
    if ("greedy" in cases[0])
      await browser.run("document.getElementById('search').value = 'greedy'");
    const input = cases[0].file.endsWith("wav") ? "#recording" : "#picture";
    for (const [index, { file, ...ways }] of cases.entries()) {
      const steps = "greedy" in ways;
      await give(file, input, ["choose", "drop", "paste"][index % 3]); // and runs at once
      await same(`${name} ${file}`, ways[steps ? "greedy" : "own"]);
      if (!steps) continue;
      await forget();
      await browser.run("document.getElementById('search').value = 'own'");
      await browser.run("document.querySelector('button[type=submit]').click()");
      await same(`${name} ${file}, the file's own search`, ways.own);
      await browser.run("document.getElementById('search').value = 'greedy'");
    }
    for (const file of refused) {
      await browser.run("document.getElementById('error').textContent = ''");
      await give(file, input, "choose");
      const message = await browser.until("return document.getElementById('error').textContent");
      assert.match(message, /truncated|damaged|seconds/, file);
      console.log(`refused: ${message}`);
    }
    await shoot(name, cases[0].file, input);
    if (name === "speech_ctc") {
      await speak(/^recording: 0\.[3-7]\d s/, 500);
      await speak(/^recording: (0\.[89]|1\.0)\d s/); // stops by itself
      await browser.run(
        "navigator.mediaDevices.getUserMedia = () => Promise.reject(new Error('Permission denied'))",
      );
      await browser.run("document.getElementById('microphone').click()");
      const said = await browser.until("return document.getElementById('error').textContent");
      assert.equal(said, "The microphone can't be used: Permission denied");
    }
    console.log(`${name}: ${cases.length} files as expected, ${refused.length} refused`);
  }
  const left = await browser.run(
    "return performance.getEntriesByType('resource').map((entry) => entry.name).filter((url) => !url.startsWith(location.origin) && !url.startsWith('blob:' + location.origin))",
  );
  assert.deepEqual(left, [], "requests that left the page");
  console.log("all as expected");
} finally {
  await browser.close();
  pages.close();
}

// Gives the page a file as a user does.
async function give(file, input, act) {
  await forget();
  const path = resolve(folder, file);
  if (act === "choose") return browser.press(input, path);
  const content = (await readFile(path)).toString("base64");
  return browser.run(GIVE, file, TYPES[extname(file)] ?? "", content, act);
}

// Clears what tells that a run is over.
function forget() {
  return browser.run(
    "for (const id of ['speed', 'output', 'tokens', 'error']) document.getElementById(id).replaceChildren()",
  );
}

// Waits for the end of a run, and compares what the page shows.
async function same(what, { ids, text }) {
  await browser.until(
    `${READY.replace("return ", "return document.getElementById('error').textContent || (")} && document.getElementById('stop').disabled)`,
  );
  assert.deepEqual(await browser.run(SHOWN), { ids, text, error: "" }, what);
}

// Records what Chromium plays in the place of a microphone, and stops after some milliseconds.
async function speak(expected, stop) {
  await forget();
  const label = "document.getElementById('microphone').textContent";
  await browser.run("document.getElementById('microphone').click()");
  await browser.until(`return ${label}.startsWith('Stop')`);
  if (stop) {
    await new Promise((done) => setTimeout(done, stop));
    await browser.run("document.getElementById('microphone').click()");
  }
  await browser.until(`return ${label} === 'Record'`);
  await browser.until(`${READY} || document.getElementById('error').textContent`);
  const { error, text } = await browser.run(SHOWN);
  const taken = await browser.run("return document.getElementById('taken').textContent");
  assert.equal(error, "");
  assert.match(taken, expected);
  console.log(`the microphone: ${taken}; "${text}"`);
}

// Takes pictures of the page, narrow and wide.
async function shoot(name, file, input) {
  if (!pictures) return;
  await give(file, input, "choose");
  await browser.until(READY);
  if (input === "#recording")
    await browser.until("return document.getElementById('listen').duration > 0");
  await browser.run("document.activeElement.blur()");
  await mkdir(pictures, { recursive: true });
  for (const [screen, width, scheme] of [
    ["phone", 390, "light"],
    ["desk", 900, "dark"],
  ]) {
    await browser.show(width, 800, scheme);
    const wide = await browser.run("return document.documentElement.scrollWidth");
    assert.ok(wide <= width, `the page is ${wide} wide on a screen of ${width}`);
    await writeFile(join(pictures, `${name}-${screen}.png`), await browser.screenshot());
  }
}
