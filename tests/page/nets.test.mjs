// Nets beyond the perceptron, in a real browser: images from files, rows in order, learning rates, smaller nets.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, openVitrine, RETRAINED } from "./browser.mjs";

let browser;
let page;

before(async () => {
  browser = await launch();
  page = await openVitrine(browser);
  await page.evaluate(() => {
    /** An image file of a bar that stands or lies, somewhere, in some grey. */
    globalThis.barFile = async (stands, at, grey, name) => {
      const canvas = new OffscreenCanvas(24, 16);
      const context = canvas.getContext("2d");
      context.fillStyle = "black";
      context.fillRect(0, 0, 24, 16);
      context.fillStyle = `rgb(${grey}, ${grey}, ${grey})`;
      if (stands) context.fillRect(6 + at, 0, 2, 16);
      else context.fillRect(4, 2 + at, 16, 2);
      return new File([await canvas.convertToBlob({ type: "image/png" })], name);
    };
    globalThis.bars = async () => {
      const files = [];
      for (let at = 0; at < 10; at++) {
        for (const grey of [120, 180, 250]) {
          files.push(await barFile(true, at, grey, `standing_${files.length}.png`), await barFile(false, at, grey, `lying_${files.length}.png`));
        }
      }
      return files;
    };
  });
});

after(() => browser?.close());

test("image files become rows of pixels, and a convolutional net tells them apart", async () => {
  const { table, rows, accuracy, front, activations, restored } = await page.evaluate(async () => {
    const files = [...(await bars()), new File(["no image"], "notes.png")];
    const table = await v.loadImages(files, { width: 8, height: 8 });
    const rows = await v.readTable(table.id, { start: 0, end: 2 });
    const model = { kind: "cnn", filters: [4], max_iter: 40, learning_rate_init: 0.01, batch_size: 16, hidden_layer_sizes: [8] };
    const trained = await v.train({ table: table.id, target: "label", model, seed: 1 });
    const activations = await v.explain(trained.id, { kind: "activations", row: 0 });
    const before = await v.predict(trained.id, { table: table.id });
    const file = await v.exportModel(trained.id);
    await v.release(trained.id);
    const [again] = (await v.importProject(file)).models;
    const answers = await v.predict(again.id, { table: table.id });
    const restored = JSON.stringify(answers.probabilities) === JSON.stringify(before.probabilities);
    return { table, rows, accuracy: trained.metrics.test.accuracy, front: trained.structure.front, activations, restored };
  });
  assert.deepEqual([table.n_rows, table.columns.length], [60, 65]);
  assert.deepEqual(table.issues.map(({ code, count }) => [code, count]).at(-1), ["not_an_image", 1]);
  assert.deepEqual(Array.from(rows.rows ?? rows, ({ label }) => label), ["standing", "lying"]);
  assert.ok(accuracy >= 0.9, `${accuracy}`);
  assert.equal(front.kind, "convolutions");
  assert.ok(activations, "each filter's answer to a row");
  assert.ok(restored, "the same bits from the file");
});

test("files that are no images, and sizes that are none, are errors with words", async () => {
  const codes = await page.evaluate(async () => {
    const codeOf = async (promise) => (await errorOf(promise))?.code;
    const file = await barFile(true, 0, 200, "one.png");
    return [
      await codeOf(v.loadImages([new File(["x"], "x.png")])),
      await codeOf(v.loadImages([])),
      await codeOf(v.loadImages([file], { width: 0 })),
      await codeOf(v.loadImages([file], { width: 1000, height: 1000 })),
      await codeOf(v.loadImages([file], { size: 8 })),
      await codeOf(v.loadImages([file], { signal: AbortSignal.abort() })),
    ];
  });
  assert.deepEqual(codes, ["ingest.no_image", "ingest.no_image", "ingest.image_size", "ingest.image_size", "request.unknown_field", "cancelled"]);
});

test("learning rates are tried out in the tensor worker, and steps are timed there", async () => {
  const { tried, timed, refused } = await page.evaluate(async () => {
    const { id } = await v.makeToy({ kind: "moons", n_rows: 200, seed: 1 });
    const request = { table: id, target: "class", model: { kind: "mlp", hidden_layer_sizes: [8], batch_size: 20 } };
    const tried = await v.learningRateTest(request);
    const timed = (await v.request({ ...request, type: "time_steps" })).event;
    const refused = (await errorOf(v.learningRateTest({ ...request, model: { kind: "decision_tree" } })))?.code;
    return { tried, timed, refused };
  });
  assert.ok(tried.rates.length > 50 && tried.rates.length === tried.smoothed.length);
  assert.ok(tried.suggested > 1e-4 && tried.suggested < 1, `${tried.suggested}`);
  assert.ok(timed.step_ms > 0 && timed.n_steps > 0);
  assert.equal(refused, "train.no_learning_rate");
});

test("a net is rounded, pruned, taken away as safetensors and brought back", async () => {
  const { rounded, pruned, back, tensors, refused } = await page.evaluate(async () => {
    const { id } = await v.makeToy({ kind: "moons", n_rows: 300, seed: 1 });
    const model = { kind: "mlp", hidden_layer_sizes: [32, 32], learning_rate_init: 0.01, max_iter: 60 };
    const net = await v.train({ table: id, target: "class", model, seed: 2 });
    const rounded = await v.quantize({ model: net.id });
    const told = [];
    const pruned = await v.prune({ model: net.id, sparsity: 0.7 }, { onProgress: ({ fraction }) => told.push(fraction) });
    const bytes = await v.exportModel(net.id, "safetensors");
    const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    const tensors = Object.keys(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))));
    const back = await v.importWeights(bytes, { model: rounded.model.id });
    const refused = (await errorOf(v.importWeights(bytes.slice(0, 40), { model: net.id })))?.code;
    return { rounded, pruned: { ...pruned, told }, back, tensors, refused };
  });
  assert.ok(rounded.after.size_bytes < 0.5 * rounded.before.size_bytes, `${rounded.after.size_bytes} of ${rounded.before.size_bytes}`);
  assert.ok(Math.abs(rounded.after.metrics.test.accuracy - rounded.before.metrics.test.accuracy) <= 0.02);
  assert.ok(pruned.after.sparsity >= 0.69 && pruned.after.metrics.test.accuracy >= pruned.before.metrics.test.accuracy - 0.05);
  assert.ok(pruned.told.length > 0);
  assert.ok(tensors.some((name) => name.includes("weight")));
  // The rounded net with the exact weights is the net again.
  assert.deepEqual(back.after.metrics.test, rounded.before.metrics.test);
  assert.match(refused, /^export\./);
});

test("rows in order are learned from with the rows before them", async () => {
  const { r2, without } = await page.evaluate(async () => {
    // A number that is the sum of the last three of another.
    const x = Array.from({ length: 400 }, (_, row) => Math.round(100 * Math.sin(row * 12.9898) * 43758.5453) % 7);
    const lines = x.map((value, row) => `${value},${(x[row - 1] ?? value) + (x[row - 2] ?? value) + value}`);
    const { id } = await v.loadCsv(`x,y\n${lines.join("\n")}\n`);
    const recipe = [{ step: "scale", method: "standard" }, { step: "lags", columns: ["x"], n_steps: 3 }];
    const model = { kind: "rnn", n_units: 12, max_iter: 120, learning_rate_init: 0.02, batch_size: 32 };
    const data = { table: id, target: "y", seed: 1, split: { test_fraction: 0 } };
    const net = await v.train({ ...data, recipe, model });
    const line = await v.train({ ...data, model: { kind: "ridge" } });
    return { r2: net.metrics.train.r2, without: line.metrics.train.r2 };
  });
  assert.ok(r2 > 0.9 && without < 0.6, `${r2} with the rows before, ${without} without`);
});

test("100 nets one after the other take no more memory than ten", async () => {
  const after = await page.evaluate(`(${RETRAINED})("cpu", "tensors")`);
  assert.deepEqual([after[100].kind, after[100].models], ["cpu", 0]);
  // WebAssembly's memory grows by pages of 64 KiB, and what is left over lies where it happens to: a page or two are no
  // leak. One list of weights forgotten at each of these nets, 37 KB, would be 45 pages.
  for (const of of ["heap", "cpu"]) assert.ok(after[100][of] - after[20][of] <= 2 * 65_536, JSON.stringify(after));
});

test("a step's operations take their time", async () => {
  const { device, step_ms, ops } = await page.evaluate(async () => {
    const table = await v.loadCsv(await csv("/samples/abalone.csv"));
    return v.profile({ table: table.id, target: "rings", model: { kind: "mlp", hidden_layer_sizes: [64, 32] }, device: "cpu" });
  });
  assert.equal(device.kind, "cpu");
  assert.ok(step_ms > 0);
  assert.deepEqual(ops.filter(({ op }) => op === "layer").map(({ layer }) => layer), [0, 1, 2]);
  // The browser's clock ticks every 0.1 ms: what takes microseconds may come out as none.
  for (const { op, ms, multiply_adds } of ops) assert.ok(multiply_adds < 50_000 || ms > 0, `${op} takes ${ms} ms`);
});

test("the console stayed quiet", () => assert.deepEqual(page.troubles, []));
