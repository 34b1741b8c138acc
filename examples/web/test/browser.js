// A headless Chromium, driven through chromedriver's WebDriver protocol; no library needed.

import { spawn } from "node:child_process";
import { once } from "node:events";

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf"; // the key the WebDriver standard gives a reference

export class Browser {
  // Starts chromedriver and Chromium: those that CHROMEDRIVER and CHROMIUM name, or on the PATH;
  // Chromium with further arguments.
  static async open(...further) {
    const driver = spawn(process.env.CHROMEDRIVER ?? "chromedriver", ["--port=0"]);
    const failed = once(driver, "error").then(([error]) => {
      throw new Error(`No chromedriver could be started (${error.message}); see README.md.`);
    });
    const port = await Promise.race([failed, portOf(driver)]);
    const browser = new Browser(driver, `http://127.0.0.1:${port}`);
    const args = ["--headless=new", "--no-sandbox", "--disable-dev-shm-usage", ...further];
    const options = { args, ...(process.env.CHROMIUM && { binary: process.env.CHROMIUM }) };
    const capabilities = { alwaysMatch: { "goog:chromeOptions": options } };
    const { sessionId } = await browser.#send("POST", "/session", { capabilities });
    browser.session = `/session/${sessionId}`;
    return browser;
  }

  constructor(driver, address) {
    this.driver = driver;
    this.address = address;
    this.session = "";
  }

  // Draws the page at a size, for a user who prefers "light" or "dark".
  async show(width, height, scheme) {
    await this.command("Emulation.setDeviceMetricsOverride", {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: width < 500,
    });
    const features = [{ name: "prefers-color-scheme", value: scheme }];
    await this.command("Emulation.setEmulatedMedia", { features });
  }

  // Sends a command of Chromium's own protocol.
  command(cmd, params) {
    return this.#send("POST", `${this.session}/goog/cdp/execute`, { cmd, params });
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
    for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
      const found = await this.run(script);
      if (found) return found;
      await new Promise((done) => setTimeout(done, 50));
    }
    throw new Error(`After ${seconds} s this was still false: ${script}`);
  }

  // Presses keys in what a CSS selector finds; a path, if that is an <input type="file">.
  async press(selector, text) {
    const found = await this.#send("POST", `${this.session}/element`, {
      using: "css selector",
      value: selector,
    });
    await this.#send("POST", `${this.session}/element/${found[ELEMENT]}/value`, { text });
  }

  // A PNG of the whole page.
  async screenshot() {
    const { data } = await this.command("Page.captureScreenshot", { captureBeyondViewport: true });
    return Buffer.from(data, "base64");
  }

  async close() {
    await this.#send("DELETE", this.session).catch(() => {});
    this.driver.kill();
  }

  async #send(method, path, body) {
    const response = await fetch(this.address + path, {
      method,
      body: body && JSON.stringify(body),
    });
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
