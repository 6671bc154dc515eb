// Workers that die and calls that are stopped, in a real browser.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open, openVitrine } from "./browser.mjs";

/** How soon a cancelled call must be over. */
const CANCEL_WITHIN_MILLIS = 200;

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** A page whose workers can be killed, as a browser under pressure does it: without a word. */
async function openWithKillableWorkers() {
  const page = await open(browser);
  await page.evaluate(async () => {
    globalThis.workers = [];
    globalThis.Worker = class extends Worker {
      constructor(...args) {
        super(...args);
        workers.push(this);
      }
    };
    const { Vitrine } = await import("/vitrine.js");
    globalThis.v = await Vitrine.start();
  });
  return page;
}

test("a worker that is killed is replaced, with its tables and models", async () => {
  const page = await openWithKillableWorkers();
  const { code, message, equal, restored } = await page.evaluate(async () => {
    const table = await v.loadCsv(await (await fetch("/samples/iris.csv")).text());
    const model = await v.train({ table: table.id, target: "species", model: { kind: "decision_tree" } });
    const before = await v.predict(model.id, { table: table.id });
    let restored;
    v.addEventListener("restored", ({ detail }) => (restored = detail));
    const spec = { kind: "random_forest", n_estimators: 2000 };
    const long = v.train({ table: table.id, target: "species", model: spec }, { onProgress: () => workers[0].terminate() });
    const { code, message } = await long.then(() => ({}), (error) => error);
    const after = await v.predict(model.id, { table: table.id });
    return { code, message, equal: JSON.stringify(before) === JSON.stringify(after), restored };
  });
  assert.equal(code, "environment.worker_crashed", message);
  assert.ok(equal, "the same predictions, bit for bit");
  assert.deepEqual(restored.lost, []);
  assert.equal(restored.restored.length, 2);
});

test("a tensor worker that is killed takes nothing with it, and the next fit gets a new one", async () => {
  const page = await openWithKillableWorkers();
  const { code, message, restored, kind } = await page.evaluate(async () => {
    const table = await v.loadCsv(await (await fetch("/samples/iris.csv")).text());
    let restored = null;
    v.addEventListener("restored", ({ detail }) => (restored = detail));
    const request = { table: table.id, target: "petal_width", model: { kind: "linear_regression", solver: "gradient_descent", tol: 0 } };
    const long = { ...request, model: { ...request.model, max_iter: 100_000 } };
    const { code, message } = await v.train(long, { onProgress: () => workers[1].terminate() }).then(() => ({}), (error) => error);
    const { kind } = await v.train({ ...request, model: { ...request.model, max_iter: 3 } });
    return { code, message, restored, kind };
  });
  assert.equal(code, "environment.worker_crashed", message);
  assert.equal(restored, null, "the CPU worker was not touched");
  assert.equal(kind, "linear_regression");
});

test("a net whose tensor worker is killed goes on in the next one, and ends as it would have", async () => {
  const page = await openWithKillableWorkers();
  const { whole, broken, equal } = await page.evaluate(async () => {
    const { id } = await v.makeToy({ kind: "spiral", n_rows: 1000, seed: 1 });
    const model = { kind: "mlp", hidden_layer_sizes: [64, 64], max_iter: 4000, batch_size: 100, tol: 0, n_iter_no_change: 100_000 };
    const request = { table: id, target: "class", model, seed: 3 };
    // The worker of nets is killed as soon as it has posted a checkpoint, with which it takes some two seconds.
    let [isWatched, isWritten, isKilled] = [false, false, false];
    const onProgress = () => {
      if (!isWatched) workers[1].addEventListener("message", ({ data }) => (isWritten ||= Boolean(data.buffers?.checkpoint)));
      isWatched = true;
      if (!isWritten || isKilled) return;
      isKilled = true;
      workers[1].terminate();
    };
    const broken = await v.train(request, { onProgress });
    const whole = await v.train(request);
    const [a, b] = [await v.predict(broken.id, { table: id }), await v.predict(whole.id, { table: id })];
    return { whole, broken, equal: JSON.stringify(a) === JSON.stringify(b) };
  });
  const resumed = broken.issues.find(({ code }) => code === "resumed");
  assert.ok(resumed && Number(resumed.args.epoch) > 0, JSON.stringify(broken.issues));
  const losses = ({ history }) => history.map(({ epoch, train_loss, valid_loss }) => [epoch, train_loss, valid_loss]);
  assert.deepEqual(losses(broken), losses(whole));
  assert.equal(broken.history.length, 4000);
  assert.ok(equal, "the same answers, bit for bit");
});

test("a cancel is over within 200 ms, and the models before it stay usable", async () => {
  const page = await openVitrine(browser);
  const { waits, codes, prediction } = await page.evaluate(async () => {
    const table = await v.loadCsv(await csv("/samples/abalone.csv"));
    const model = await v.train({ table: table.id, target: "rings", model: { kind: "decision_tree", max_depth: 2 } });
    const lines = Array.from({ length: 400_000 }, (_, idx) => `${idx},${(idx * 7919) % 1009},${idx % 2 ? "yes" : "no"}`);
    const large = new Blob(["a,b,c\n", lines.join("\n")]);
    const watched = { kind: "linear_regression", solver: "gradient_descent", max_iter: 1_000_000, tol: 0 };
    const calls = {
      load: (options) => v.loadCsv(large, options),
      train: (options) => v.train({ table: table.id, target: "rings", model: watched }, options),
    };
    const waits = {};
    const codes = {};
    for (const [name, call] of Object.entries(calls)) {
      const stop = new AbortController();
      let aborted;
      const onProgress = () => {
        if (aborted !== undefined) return;
        aborted = performance.now();
        stop.abort();
      };
      codes[name] = await call({ onProgress, signal: stop.signal }).then(() => "done", ({ code }) => code);
      waits[name] = performance.now() - aborted;
    }
    const out = await v.predict(model.id, { rows: [{ length: 0.5 }] });
    return { waits, codes, prediction: out.predictions[0] };
  });
  assert.deepEqual(codes, { load: "cancelled", train: "cancelled" });
  for (const [name, millis] of Object.entries(waits)) {
    assert.ok(millis <= CANCEL_WITHIN_MILLIS, `${name}: ${millis} ms`);
  }
  assert.equal(typeof prediction, "number");
});

test("a worker whose wasm is not there is named with its status", async () => {
  const page = await open(browser);
  await page.route("**/worker-cpu_bg.wasm", (route) => route.fulfill({ status: 404, body: "" }));
  const error = await page.evaluate(async () => {
    const { Vitrine } = await import("/vitrine.js");
    return Vitrine.start().then(() => null, ({ code, message }) => ({ code, message }));
  });
  assert.equal(error.code, "environment.wasm_not_fetched");
  assert.match(error.message, /worker-cpu_bg\.wasm.*404/);
});

test("the page holds its main thread free while 50 MB are read", async () => {
  const page = await openVitrine(browser);
  const { n_rows, longest } = await page.evaluate(async () => {
    const row = "12.5,7.25,red,2024-05-17,0.125\n";
    const block = row.repeat(Math.ceil(2 ** 20 / row.length));
    const file = new Blob(["a,b,c,d,e\n", ...Array.from({ length: 50 }, () => block)]);
    await new Promise((resolve) => setTimeout(resolve, 500)); // What made the file is not what is measured.
    let longest = 0;
    const observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
    });
    observer.observe({ type: "longtask" });
    const table = await v.loadCsv(file);
    await new Promise((resolve) => setTimeout(resolve, 0));
    observer.disconnect();
    return { n_rows: table.n_rows, longest };
  });
  assert.ok(n_rows > 1_000_000);
  assert.ok(longest <= 100, `a task of ${longest} ms`);
});
