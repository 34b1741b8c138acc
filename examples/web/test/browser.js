// A headless Chromium, driven through chromedriver's WebDriver protocol; no library needed.

import { spawn } from "node:child_process";
import { once } from "node:events";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf"; // the key the WebDriver standard gives a reference

export class Browser {
  // Starts chromedriver (CHROMEDRIVER or the one on the PATH) and one window of `width` x `height`.
  static async open(width, height, dark = false) {
    const driver = spawn(process.env.CHROMEDRIVER ?? "chromedriver", ["--port=0"]);
    const failed = once(driver, "error").then(([error]) => {
      throw new Error(`No chromedriver could be started (${error.message}); see README.md.`);
    });
    const port = await Promise.race([failed, portOf(driver)]);
    const browser = new Browser(driver, `http://127.0.0.1:${port}`);
    const args = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage"];
    if (dark) args.push("--force-dark-mode");
    const options = { args, ...(process.env.CHROMIUM && { binary: process.env.CHROMIUM }) };
    const capabilities = { alwaysMatch: { "goog:chromeOptions": options } };
    const { sessionId } = await browser.#send("POST", "/session", { capabilities });
    browser.session = `/session/${sessionId}`;
    await browser.resize(width, height);
    return browser;
  }

  constructor(driver, address) {
    this.driver = driver;
    this.address = address;
    this.session = "";
  }

  resize(width, height) {
    const command = { cmd: "Emulation.setDeviceMetricsOverride", params: { width, height, deviceScaleFactor: 1, mobile: false } };
    return this.#send("POST", `${this.session}/goog/cdp/execute`, command);
  }

  go(url) {
    return this.#send("POST", `${this.session}/url`, { url });
  }

  // Runs the body of a function in the page and returns what it returns.
  run(script, ...args) {
    return this.#send("POST", `${this.session}/execute/sync`, { script, args });
  }

  // Waits until the body of a function returns something true, and returns that.
  async until(script, seconds = 60) {
    for (const end = Date.now() + 1000 * seconds; Date.now() < end; ) {
      const found = await this.run(script);
      if (found) return found;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`After ${seconds} s this was still false: ${script}`);
  }

  // Types into what a CSS selector finds; a path, if that is an <input type="file">.
  async type(selector, text) {
    const found = await this.#send("POST", `${this.session}/element`, { using: "css selector", value: selector });
    await this.#send("POST", `${this.session}/element/${found[ELEMENT]}/value`, { text });
  }

  async screenshot() {
    return Buffer.from(await this.#send("GET", `${this.session}/screenshot`), "base64");
  }

  async close() {
    await this.#send("DELETE", this.session).catch(() => {});
    this.driver.kill();
  }

  async #send(method, path, body) {
    const response = await fetch(this.address + path, { method, body: body && JSON.stringify(body) });
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  }
}

async function portOf(driver) {
  let said = "";
  for await (const part of driver.stdout) {
    said += part;
    const port = said.match(/started successfully on port (\d+)/);
    if (port) return port[1];
  }
  throw new Error(`chromedriver ended: ${said}`);
}
