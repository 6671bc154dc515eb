// A real browser for page tests, and what every test of them wants: Vitrine in a page, errors as data, and the list of
// requests that left the origin.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** Where `cargo xtask test` serves the built site. */
export const SITE = required("VITRINE_URL");
/** The built site's files. */
export const DIST = required("VITRINE_DIST");
/** Whether worker-gpu was left out of this build. */
export const WITHOUT_GPU_WORKER = process.env.VITRINE_SKIP_GPU === "1";

const tools = createRequire(join(required("VITRINE_TOOLS"), "node_modules", "any.cjs"));

/** The text of axe-core, to be run in a page. */
const axeSource = () => tools("axe-core").source;

const CALM = ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

/** WebGPU in software: for correctness, not for speed. */
const SOFTWARE_GPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-unsafe-swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--use-angle=swiftshader",
];

/** How long something on the page may take to appear, on a machine that builds something else meanwhile. */
const WAIT_MILLIS = 90_000;

/** Starts a browser; without `gpu` it has `navigator.gpu` but no adapter. */
export function launch({ gpu = false } = {}) {
  const { chromium } = tools("playwright-core");
  const args = gpu ? [...CALM, ...SOFTWARE_GPU] : CALM;
  return chromium.launch({ executablePath: required("CHROMIUM"), args });
}

/**
 * Opens a page that counts: `page.strayRequests` holds the addresses outside the origin, `page.troubles` what went to
 * the console as an error. `path` may be any file of the site; a text file makes a page without the interface.
 */
export async function open(browser, { path = "/vitrine.d.ts", ...options } = {}) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(WAIT_MILLIS);
  const page = await context.newPage();
  page.strayRequests = [];
  page.troubles = [];
  context.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${SITE}/`) && !url.startsWith("data:") && !url.startsWith("blob:")) page.strayRequests.push(url);
  });
  page.on("pageerror", (error) => page.troubles.push(String(error)));
  page.on("console", (message) => {
    // Of a page without an icon the browser complains by itself.
    const isIcon = message.location().url.endsWith("/favicon.ico");
    if (message.type() === "error" && !isIcon) page.troubles.push(message.text());
  });
  await page.goto(SITE + path);
  return page;
}

/** Fails where axe finds something serious in the page. */
export async function assertNoBarriers(page, where) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(axeSource());
  const found = await page.evaluate(async () => {
    // Colours on their way from one state to the next are of neither: what was looked at while something moved is looked
    // at again.
    const moving = () => document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity);
    let violations;
    for (let n_looks = 0, moved = true; moved && n_looks < 20; n_looks += 1) {
      let started = 0;
      const count = () => void (started += 1);
      for (const kind of ["animationstart", "transitionrun"]) document.addEventListener(kind, count, true);
      await Promise.all(moving().map(({ finished }) => finished.catch(() => {})));
      ({ violations } = await axe.run(document, { resultTypes: ["violations"] }));
      for (const kind of ["animationstart", "transitionrun"]) document.removeEventListener(kind, count, true);
      moved = started > 0 || moving().length > 0;
    }
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
    return serious.map(({ id, help, nodes }) => `${id} (${help}): ${nodes.slice(0, 3).map(({ html }) => html.slice(0, 160)).join(" | ")}`);
  });
  assert.deepEqual(found, [], where);
}

/**
 * Opens a page with a started Vitrine in `v`, and helpers: `errorOf(promise)` gives the rejection as plain data (or
 * `null`), `csv(path)` the text of a file of the site, `bytesOf(fixture)` the bytes of a fixture.
 */
export async function openVitrine(browser, options = {}) {
  const page = await open(browser);
  await page.evaluate(async (options) => {
    const { Vitrine } = await import("/vitrine.js");
    const plain = ({ name, code, stage, message, hint, place }) => ({ name, code, stage, message, hint, place });
    Object.assign(globalThis, {
      Vitrine,
      errorOf: (promise) => promise.then(() => null, plain),
      csv: async (path) => (await fetch(path)).text(),
      bytesOf: (base64) => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)),
      v: await Vitrine.start(options),
    });
  }, options);
  return page;
}

/** The bytes of a test fixture, in a form that travels into a page; `bytesOf` makes them bytes there. */
export function fixture(path) {
  return readFileSync(new URL(`../fixtures/${path}`, import.meta.url)).toString("base64");
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests with \`cargo xtask test --only page\``);
  return value;
}

/**
 * Trains a small net again and again, each time letting go of it, and gives back what the memory of the worker that
 * trains was after some of these: `v` and `csv` are the page's.
 */
export const RETRAINED = `async (device, worker) => {
  const table = await v.loadCsv(await csv("/samples/iris.csv"));
  const model = { kind: "mlp", hidden_layer_sizes: [128, 64], max_iter: 5, batch_size: 50 };
  const after = {};
  for (let n = 1; n <= 100; n++) {
    const { id, device: used } = await v.train({ table: table.id, target: "species", model, device, seed: n });
    await v.release(id);
    if (n % 10 === 0) {
      const { workers } = await v.memory();
      const told = workers.find((one) => one.worker === worker);
      after[n] = { kind: used.kind, heap: told.heap_bytes, pool: told.pool, models: told.models.length, cpu: workers.find((one) => one.worker === "cpu").heap_bytes };
    }
  }
  await v.release(table.id);
  return after;
}`;
