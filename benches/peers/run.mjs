// Vitrine beside its peers, in one Chromium: CSV reading beside PapaParse, trees beside native scikit-learn, cancelling, first visit.
//
// `cargo xtask bench` runs it. By hand:
//
//   npm install && VITRINE_DIST=../../dist VITRINE_TOOLS=. PYTHON=python3 node run.mjs [options]

import { spawn } from "node:child_process";
import { createReadStream, existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, extname, join, normalize, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";

import { numericCsv, quotedCsv, treeCsv } from "./data.js";
import { modelParts } from "./models.mjs";
import { netParts } from "./nets.mjs";
import { roofline, treeWork } from "./roofline.mjs";

const HELP = `Vitrine beside its peers, in one Chromium.

Usage: node run.mjs [--only csv,big,tree,cancel,visit,abalone,boosting,growth,workers,nets,product,webgpu] [--quick] [--json FILE] [--svg FILE]

Options:
  --only PARTS  Only these parts, separated by commas
  --quick       A tenth of the data: to see that it runs, not to believe the numbers
  --json FILE   Write the rows of the table there as well
  --svg FILE    Draw how time grows with rows and columns there
  --help        This text

Environment:
  VITRINE_DIST   The built site; ../../dist by default
  VITRINE_URL    Where the built site is served, if there is no such folder
  VITRINE_TOOLS  The folder whose node_modules has papaparse and playwright-core; this one by default
  CHROMIUM       The browser; /usr/bin/chromium by default
  PYTHON, VITRINE_PYTHON  A Python with scikit-learn; without one the tree has no peer`;

const HERE = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: { only: { type: "string" }, quick: { type: "boolean" }, json: { type: "string" }, svg: { type: "string" }, help: { type: "boolean", short: "h" } },
});
if (options.help) {
  console.log(HELP);
  process.exit(0);
}
const PARTS = ["visit", "csv", "big", "tree", "cancel", "abalone", "boosting", "growth", "workers", "nets", "product", "webgpu"];
const wanted = options.only ? options.only.split(",") : PARTS;
const unknown = wanted.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) {
  console.error(`unknown part \`${unknown[0]}\`; there are ${PARTS.join(", ")}`);
  process.exit(2);
}

const SHARE = options.quick ? 0.1 : 1;
const MIB = 1024 * 1024;
const N_REPEATS = options.quick ? 1 : 3;
const CHROMIUM = process.env.CHROMIUM || "/usr/bin/chromium";
const PYTHON = process.env.VITRINE_PYTHON || process.env.PYTHON || "";
const DIST = resolve(process.env.VITRINE_DIST || join(HERE, "../../dist"));
const SITE = existsSync(join(DIST, "vitrine.js")) ? null : (process.env.VITRINE_URL ?? "").replace(/\/$/, "");
if (SITE === "") {
  console.error(`there is no vitrine.js in ${DIST}, and no VITRINE_URL: run \`cargo xtask build\` first`);
  process.exit(2);
}
const TOOLS = resolve(process.env.VITRINE_TOOLS || HERE);
const toolsRequire = createRequire(join(TOOLS, "package.json"));
const CSP =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
  "font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'";

// Emscripten's bindings make functions from text.
const CSP_OF_OTHERS = CSP.replace("'wasm-unsafe-eval'", "'unsafe-eval'");

// --- the table -------------------------------------------------------------------------------------------------------

const rows = [];

/** `met` is true, false, or null where there is no target or no number. */
function report(what, vitrine, peer, ratio, target, met, roofline = "") {
  rows.push({ what, vitrine, roofline, peer, ratio, target, met: met === null ? "" : met ? "yes" : "NO" });
  console.log(`  ${what}: ${vitrine}${peer ? ` | ${peer}` : ""}${ratio ? ` | ${ratio}` : ""}`);
}

function printTable() {
  const header = { what: "what", vitrine: "Vitrine", roofline: "roofline", peer: "peer", ratio: "ratio", target: "target", met: "met?" };
  const names = Object.keys(header).filter((name) => name !== "roofline" || rows.some((row) => row.roofline));
  const width = (name) => Math.max(...[header, ...rows].map((row) => row[name].length));
  const widths = Object.fromEntries(names.map((name) => [name, width(name)]));
  const line = (row) => `| ${names.map((name) => row[name].padEnd(widths[name])).join(" | ")} |`;
  if (options.quick) console.log("\n--quick: a tenth of the data; the numbers say little");
  console.log(`\n${line(header)}\n|${names.map((name) => "-".repeat(widths[name] + 2)).join("|")}|`);
  for (const row of rows) console.log(line(row));
}

const seconds = (millis) => `${(millis / 1000).toFixed(2)} s`;
const milliseconds = (millis) => `${millis.toFixed(0)} ms`;
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(0)} KB`;
const times = (ratio) => `${ratio.toFixed(2)}×`;
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

// --- serving: the built site at /, the bench at /bench/ ----------------------------------------------------------------

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
  ".css": "text/css",
  ".json": "application/json",
  ".csv": "text/csv",
  ".svg": "image/svg+xml",
  ".webmanifest": "application/manifest+json",
};

/** Files made during the run, by path. */
const made = new Map();

function fileFor(path) {
  if (made.has(path)) return made.get(path);
  if (path.startsWith("/bench/npm/")) return join(TOOLS, "node_modules", path.slice("/bench/npm/".length));
  if (path === "/bench/papaparse.min.js") return join(dirname(toolsRequire.resolve("papaparse/package.json")), "papaparse.min.js");
  if (path.startsWith("/bench/")) return join(HERE, path.slice("/bench/".length));
  return SITE === null ? join(DIST, path === "/" ? "index.html" : path) : null;
}

function serve() {
  const server = createServer(async (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    const headers = { "content-security-policy": ["/bench/others.html", "/bench/tfjs.html"].includes(path) ? CSP_OF_OTHERS : CSP, "cache-control": "no-cache" };
    try {
      const file = fileFor(path);
      if (file === null) {
        const answer = await fetch(SITE + path);
        const type = answer.headers.get("content-type") ?? "application/octet-stream";
        response.writeHead(answer.status, { ...headers, "content-type": type });
        response.end(Buffer.from(await answer.arrayBuffer()));
      } else if (existsSync(file) && statSync(file).isFile()) {
        response.writeHead(200, { ...headers, "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-length": statSync(file).size });
        createReadStream(file).pipe(response);
      } else {
        response.writeHead(404, headers).end();
      }
    } catch (error) {
      response.writeHead(502, headers).end(String(error));
    }
  });
  return new Promise((done) => server.listen(0, "127.0.0.1", () => done({ server, url: `http://127.0.0.1:${server.address().port}` })));
}

// --- the browser -------------------------------------------------------------------------------------------------------

async function open(scratch, url, flags = []) {
  const { chromium } = toolsRequire("playwright-core");
  const context = await chromium.launchPersistentContext(await mkdtemp(join(scratch, "profile-")), {
    executablePath: CHROMIUM,
    headless: true,
    args: ["--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", ...flags],
  });
  context.setDefaultTimeout(600_000);
  const page = context.pages()[0] ?? (await context.newPage());
  const messages = [];
  page.on("console", (message) => message.type() === "error" && messages.push(message.text()));
  page.on("pageerror", (error) => messages.push(error.message));
  if (url) await page.goto(url);
  return { context, page, messages };
}

/** Calls a function of page.js by name. */
const call = (page, name, ...args) => page.evaluate(([name, args]) => window.bench[name](...args), [name, args]);

/** Memory of the page's process (its workers included) beyond where it stands now, sampled while `work` runs; Linux only. */
async function withPeakMemory(page, work) {
  const pids = await rendererPids(page);
  const before = pids.map(anonymousBytes);
  let peakBytes = 0;
  const sample = () => pids.forEach((pid, i) => void (peakBytes = Math.max(peakBytes, anonymousBytes(pid) - before[i])));
  const timer = setInterval(sample, 20);
  try {
    const result = await work();
    sample();
    return { result, peakBytes: peakBytes > 0 ? peakBytes : null };
  } finally {
    clearInterval(timer);
  }
}

async function rendererPids(page) {
  try {
    const session = await page.context().browser().newBrowserCDPSession();
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo.filter((process) => process.type === "renderer").map((process) => process.id);
  } catch {
    return [];
  }
}

function anonymousBytes(pid) {
  try {
    const found = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found ? 1024 * Number(found[1]) : 0;
  } catch {
    return 0;
  }
}

// --- the parts -----------------------------------------------------------------------------------------------------------

const megabytes = (bytes) => (bytes >= 1e7 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e6).toFixed(1)} MB`);
const mebibytes = (bytes) => `${Math.round(bytes / MIB)} MiB`;
const KINDS = {
  numeric: { what: "numbers", make: numericCsv, sizeBytes: 64 * MIB * SHARE, target: 2.5 },
  quoted: { what: "quoted text", make: quotedCsv, sizeBytes: 49 * MIB * SHARE, target: 5 },
  reviews: { what: "quoted text, numbers bare", sizeBytes: 49 * MIB * SHARE, target: 5 },
  dialogue: { what: "quoted text with quotes in it", sizeBytes: 49 * MIB * SHARE, target: 5 },
  exported: { what: "short cells, all quoted", sizeBytes: 49 * MIB * SHARE, target: 5 },
};

/** Each file in a browser of its own: Chromium keeps the Blobs of a page beyond their use, and refuses more than it has room for. */
async function csv({ scratch, url }) {
  for (const [kind, about] of Object.entries(KINDS)) {
    const { context, page } = await open(scratch, `${url}/bench/index.html`);
    try {
      await page.waitForFunction(() => window.benchReady);
      await call(page, "start");
      await csvOf(page, kind, about);
    } finally {
      await context.close();
    }
  }
}

async function csvOf(page, kind, { what, sizeBytes, target }) {
  const made = await call(page, "make", kind, kind, sizeBytes);
  const [ours, theirs, typed, kept] = [[], [], [], []];
  for (let repeat = 0; repeat < N_REPEATS; repeat++) {
    const papa = await call(page, "papa", kind);
    const typing = await call(page, "papa", kind, { header: true, dynamicTyping: true });
    const keeping = await call(page, "papa", kind, { keeps: true });
    const loaded = await call(page, "load", kind);
    if ([loaded, papa, typing, keeping].some(({ nRows }) => nRows !== made.nRows)) {
      throw new Error(`${kind}: ${made.nRows} rows written, Vitrine read ${loaded.nRows}, PapaParse ${papa.nRows} and ${typing.nRows}`);
    }
    theirs.push(papa.millis);
    typed.push(typing.millis);
    kept.push(keeping.millis);
    ours.push(loaded.millis);
  }
  const speed = (millis) => made.sizeBytes / MIB / (millis / 1000);
  const [vitrine, ...peers] = [ours, theirs, kept, typed].map((all) => speed(median(all)));
  const ways = ["strings, rows let go", "strings, all rows kept as ours are", "numbers and names too"];
  for (const [idx, papa] of peers.entries()) {
    // The goal was set beside strings.
    const goal = idx < 2 ? [`≥ ${target}×`, vitrine / papa >= target] : ["", null];
    const label = `CSV, ${mebibytes(sizeBytes)} of ${what}, typed with profile; PapaParse, ${ways[idx]}`;
    report(label, `${vitrine.toFixed(1)} MiB/s`, `${papa.toFixed(1)} MiB/s`, times(vitrine / papa), ...goal);
  }
}

/** Writes a CSV to disk once. */
async function onDisk(scratch, name, make, sizeBytes) {
  const path = join(scratch, name);
  const made = make(sizeBytes);
  await writeFile(path, Buffer.from(await made.file.arrayBuffer()));
  return { path, nRows: made.nRows, sizeBytes: made.sizeBytes };
}

/** Files picked from disk, each in a fresh browser: memory another part has grown would hide what this one needs. */
async function big({ scratch, url }) {
  const bigBytes = 200e6 * SHARE;
  for (const [name, make, sizeBytes, what] of [
    ["big.csv", numericCsv, bigBytes, "numbers"],
    ["quoted.csv", quotedCsv, KINDS.quoted.sizeBytes, "quoted text"],
  ]) {
    const made = await onDisk(scratch, name, make, sizeBytes);
    const { context, page } = await open(scratch, `${url}/bench/index.html`);
    try {
      await page.waitForFunction(() => window.benchReady);
      await call(page, "start");
      await page.setInputFiles("#file", made.path);
      await call(page, "take", name);
      const { result: loaded, peakBytes } = await withPeakMemory(page, () => call(page, "load", name));
      const label = `CSV from disk, ${megabytes(made.sizeBytes)} of ${what}`;
      report(`${label}: loads`, `${seconds(loaded.millis)}, ${loaded.nRows} rows`, "", `${(made.sizeBytes / MIB / (loaded.millis / 1000)).toFixed(1)} MiB/s`, "all rows", loaded.nRows === made.nRows);
      const longest = Math.max(loaded.longestTaskMillis, loaded.longestGapMillis);
      report(`${label}: longest main-thread task, vitrine.js`, milliseconds(longest), "", "", "≤ 100 ms", longest <= 100);
      if (peakBytes === null) report(`${label}: peak memory of the tab`, "not measurable here", "", "", "≤ 3× the file", null);
      else report(`${label}: peak memory of the tab`, mebibytes(peakBytes), "", `${times(peakBytes / made.sizeBytes)} the file`, "≤ 3×", peakBytes / made.sizeBytes <= 3);
    } finally {
      await context.close();
    }
    if (name === "big.csv") await bigInPage({ scratch, url }, made);
    await rm(made.path);
  }
}

/** The same file through the page itself, until the page shows how many rows it has. */
async function bigInPage({ scratch, url }, made) {
  const what = `CSV from disk, ${megabytes(made.sizeBytes)}: longest main-thread task, the page`;
  const { context, page } = await open(scratch, `${url}/`);
  try {
    const input = page.locator("input[type=file]").first();
    await input.waitFor({ state: "attached", timeout: 15_000 });
    await page.evaluate(() => {
      window.longestTask = 0;
      const note = (list) => list.getEntries().forEach((entry) => void (window.longestTask = Math.max(window.longestTask, entry.duration)));
      new PerformanceObserver(note).observe({ type: "longtask" });
    });
    await input.setInputFiles(made.path);
    const shown = (nRows) => document.body.textContent.replace(/(\d)[,.\s\u00a0\u202f](?=\d{3})/g, "$1").includes(String(nRows));
    await page.waitForFunction(shown, made.nRows, { timeout: 120_000, polling: 500 });
    const longest = await page.evaluate(() => new Promise((done) => setTimeout(() => done(window.longestTask), 500)));
    report(what, longest === 0 ? "none over 50 ms" : milliseconds(longest), "", "", "≤ 100 ms", longest <= 100);
  } catch (error) {
    report(what, `not measured: ${String(error.message).split("\n")[0]}`, "", "", "≤ 100 ms", false);
  } finally {
    await context.close();
  }
}

const FEATURES = [...Array(20).keys()].map((k) => `f${k}`);
const TREES = {
  classification_full: { what: "full", target: "label", params: {} },
  classification_depth_10: { what: "max_depth 10", target: "label", params: { max_depth: 10 } },
  regression_full: { what: "regression, full", target: "value", params: {} },
};

const treeRequest = ({ target, params }) => ({ target, features: FEATURES, recipe: [], model: { kind: "decision_tree", ...params } });

/** Writes the tree's CSV once and has the page load it as table `tree`. */
async function withTreeTable({ page, scratch }) {
  const path = join(scratch, "tree.csv");
  if (!existsSync(path)) await writeFile(path, treeCsv(100_000 * SHARE));
  if (await page.evaluate(() => window.hasTree === true)) return path;
  await page.setInputFiles("#file", path);
  await call(page, "take", "tree");
  await call(page, "load", "tree", "tree");
  await page.evaluate(() => void (window.hasTree = true));
  return path;
}

async function tree(bench) {
  const path = await withTreeTable(bench);
  const peer = PYTHON ? await python(["sklearn_bench.py", path, options.quick ? "1" : "2"]) : null;
  for (const [name, { what, ...rest }] of Object.entries(TREES)) {
    const fits = [];
    let nodes = null;
    for (let repeat = 0; repeat < Math.min(2, N_REPEATS); repeat++) {
      const trained = await call(bench.page, "train", "tree", treeRequest(rest));
      fits.push(trained.fitMillis);
      nodes = trained.nNodes;
    }
    const ours = Math.min(...fits);
    const theirs = peer?.cases[name];
    const ratio = theirs ? ours / theirs.fit_ms : null;
    const counted = (millis, n) => `${seconds(millis)}, ${n} nodes`;
    report(
      `decision tree, ${100_000 * SHARE} × 20, ${what}; scikit-learn${peer ? ` ${peer.version}` : ""}, native, one thread`,
      counted(ours, nodes),
      theirs ? counted(theirs.fit_ms, theirs.n_nodes) : "no Python",
      ratio === null ? "" : `${times(ratio)} its time`,
      "≤ 1.5×",
      ratio === null ? null : ratio <= 1.5,
      roofline(treeWork(100_000 * SHARE, FEATURES.length, { maxDepth: rest.params.max_depth }), await call(bench.page, "machine")),
    );
  }
}

function python(args) {
  return new Promise((done, fail) => {
    const env = { ...process.env, OMP_NUM_THREADS: "1", OPENBLAS_NUM_THREADS: "1" };
    const child = spawn(PYTHON, args, { cwd: HERE, env, stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (part) => void (text += part));
    child.on("error", fail);
    child.on("close", (code) => (code === 0 ? done(JSON.parse(text)) : fail(new Error(`${PYTHON} ended with ${code}`))));
  });
}

async function cancel(bench) {
  const { page } = bench;
  await withTreeTable(bench);
  await call(page, "make", "cancel", "numeric", 100e6 * SHARE);
  const cases = [
    ["a decision tree, after 50 ms", () => call(page, "cancelTrain", "tree", treeRequest(TREES.classification_full), 50)],
    ["a decision tree, after 300 ms", () => call(page, "cancelTrain", "tree", treeRequest(TREES.classification_full), 300)],
    ["a full regression tree, after 1 s", () => call(page, "cancelTrain", "tree", treeRequest(TREES.regression_full), 1000)],
    ["logistic regression, after 300 ms", () => call(page, "cancelTrain", "tree", { target: "label", features: FEATURES, model: { kind: "logistic_regression", max_iter: 100_000, tol: 1e-15 } }, 300)],
    ["reading a CSV, after 50 ms", () => call(page, "cancelLoad", "cancel", 50)],
    ["reading a CSV, after 300 ms", () => call(page, "cancelLoad", "cancel", 300)],
  ];
  for (const [what, work] of cases) {
    let longest = 0;
    let other = null;
    for (let repeat = 0; repeat < N_REPEATS; repeat++) {
      const outcome = await work();
      if (outcome.finished) other = "ended before it";
      else if (outcome.code !== "cancelled") other = `${outcome.code}: ${outcome.message}`;
      else longest = Math.max(longest, outcome.millis);
    }
    report(`cancel ${what}: longest of ${N_REPEATS}`, other ?? milliseconds(longest), "", "", "≤ 200 ms", other === null ? longest <= 200 : other === "ended before it" ? null : false);
  }
  // What was there before is still there.
  const after = await call(page, "train", "tree", treeRequest(TREES.classification_depth_10));
  report("train after cancelling", `${after.nNodes} nodes`, "", "", "works", after.nNodes > 1);
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
}

async function visit({ scratch, url }) {
  if (SITE === null) {
    const sizes = { page: 0, "page with all its views": 0, "worker-cpu": 0, "worker-tensors": 0, "worker-gpu": 0 };
    for (const path of filesBelow(DIST)) {
      const name = relative(DIST, path);
      if (!/\.(html|js|wasm|css)$/.test(name) || /(^|\/)samples\//.test(name)) continue;
      const group = /worker-(cpu|tensors|gpu)/.exec(name)?.[0] ?? (/^(split|chunk)_/.test(name) ? "page with all its views" : "page");
      const sizeBytes = gzipSync(readFileSync(path), { level: 9 }).length;
      sizes[group] += sizeBytes;
      if (group === "page") sizes["page with all its views"] += sizeBytes;
    }
    for (const [group, limit] of [["page", 400e3], ["page with all its views", 600e3], ["worker-cpu", 1.2e6], ["worker-tensors", 1.9e6], ["worker-gpu", 4e6]]) {
      const there = sizes[group] > 0;
      report(`first visit, gzip: ${group}`, there ? kilobytes(sizes[group]) : "not built", "", "", `≤ ${kilobytes(limit)}`, there ? sizes[group] <= limit : null);
    }
  }
  const visits = [
    // The page says so itself with data-ready; a page that does not is ready when it has something to press.
    ["the page", "/", () => (document.querySelector("[data-ready]") || document.querySelector("main button, main input") ? performance.now() : null)],
    [
      "Vitrine.start",
      "/bench/ready.html",
      () => {
        if (window.readyError) throw new Error(window.readyError);
        return window.readyMillis ?? null;
      },
    ],
  ];
  for (const [what, path, ready] of visits) {
    const all = [];
    for (let repeat = 0; repeat < N_REPEATS; repeat++) {
      const { context, page } = await open(scratch, null);
      try {
        await page.goto(url + path, { waitUntil: "commit" });
        const handle = await page.waitForFunction(ready, undefined, { timeout: 30_000, polling: 5 });
        all.push(await handle.jsonValue());
      } finally {
        await context.close();
      }
    }
    report(`first visit, loopback, nothing cached: ${what} ready`, seconds(median(all)), "", "", "≤ 1.0 s", median(all) <= 1000);
  }
}

// --- all of it -------------------------------------------------------------------------------------------------------------

const scratch = await mkdtemp(join(tmpdir(), "vitrine-peers-"));
const { server, url } = await serve();
const { context, page, messages } = await open(scratch, `${url}/bench/index.html`);
let failures = 0;
try {
  await page.waitForFunction(() => window.benchReady, undefined, { timeout: 30_000 });
  if (wanted.some((part) => ["csv", "tree", "cancel", "abalone", "boosting", "growth", "nets", "product"].includes(part))) {
    const { device, version } = await call(page, "start");
    console.log(`Vitrine ${version.version} (${device.name}), ${context.browser()?.version() ?? CHROMIUM}`);
  }
  const bench = { page, scratch, url };
  const serveFile = (path, file) => made.set(path, file);
  const models = modelParts({
    ...{ report, call, open, withPeakMemory, toolsRequire, seconds, times, megabytes, url, scratch },
    ...{ python: PYTHON ? python : null, serveFile, share: SHARE, nRepeats: N_REPEATS, svg: options.svg },
  });
  const readSite = async (path) => (await fetch(url + path)).text();
  const nets = netParts({ report, call, open, times, nRepeats: N_REPEATS, url, scratch, serveFile, readSite, here: HERE });
  for (const [name, part] of Object.entries({ visit, csv, big, tree, cancel, ...models, ...nets })) {
    if (!wanted.includes(name)) continue;
    try {
      await part(bench);
    } catch (error) {
      failures += 1;
      report(name, `failed: ${String(error.message).split("\n")[0]}`, "", "", "", false);
    }
  }
} finally {
  await context.close();
  server.close();
  await rm(scratch, { recursive: true, force: true });
}
printTable();
if (messages.length > 0) console.log(`\nThe page's console: ${messages.slice(0, 5).join("\n")}`);
if (options.json) await writeFile(options.json, `${JSON.stringify(rows, null, 1)}\n`);
// A missed target is a result; a part that could not run is a failure.
process.exit(failures > 0 ? 1 : 0);
