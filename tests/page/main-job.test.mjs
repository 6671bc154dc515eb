// The six steps through `vitrine.js`, in a real worker: load, prepare, train, explain, predict, save.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, openVitrine } from "./browser.mjs";

let browser;
let page;

before(async () => {
  browser = await launch();
  page = await openVitrine(browser);
});

after(() => browser?.close());

test("Vitrine says what it is", async () => {
  const { version, device } = await page.evaluate(() => ({ version: v.version, device: v.device }));
  assert.match(version.version, /^\d+\.\d+\.\d+$/);
  assert.equal(version.protocol, 1);
  assert.deepEqual([device.kind, device.fallback_reason], ["cpu", null]);
});

test("iris: from the file to a tree that explains a row", async () => {
  const { table, first, model, why, out, score } = await page.evaluate(async () => {
    const table = await v.loadCsv(await csv("/samples/iris.csv"), { name: "iris" });
    const first = (await v.readTable(table.id, { start: 0, end: 2 })).rows;
    const request = { table: table.id, target: "species", model: { kind: "decision_tree", max_depth: 3 } };
    const model = await v.train(request);
    const why = await v.explain(model.id, { kind: "decision_path", row: 0 });
    const out = await v.predict(model.id, { table: table.id });
    const score = await v.evaluate(model.id, { table: table.id });
    return { table, first, model, why, out, score };
  });
  assert.deepEqual([table.name, table.n_rows, table.columns.length, table.delimiter], ["iris", 150, 5, ","]);
  assert.deepEqual(table.columns.map(({ kind }) => kind), ["numeric", "numeric", "numeric", "numeric", "categorical"]);
  assert.equal(table.columns[0].mean.toFixed(6), "5.843333");
  assert.deepEqual(first[0], { sepal_length: 5.1, sepal_width: 3.5, petal_length: 1.4, petal_width: 0.2, species: "setosa" });
  assert.deepEqual(model.classes, ["setosa", "versicolor", "virginica"]);
  assert.deepEqual([model.n_train + model.n_test, model.split.train_rows.length], [150, model.n_train]);
  assert.ok(model.metrics.test.accuracy > 0.85, `accuracy ${model.metrics.test.accuracy}`);
  const { nodes } = model.structure;
  assert.equal(nodes[0].n_samples, model.n_train);
  assert.ok(nodes[0].threshold > 0.6 && nodes[0].threshold < 3, "the root asks in centimetres");
  assert.equal(why.prediction, "setosa");
  assert.match(why.sentence, /petal/);
  assert.equal(nodes[why.leaf].left, null);
  assert.equal(out.predictions.length, 150);
  assert.deepEqual(out.probabilities[0], [1, 0, 0]);
  const right = score.confusion.reduce((sum, row, idx) => sum + row[idx], 0);
  assert.equal(right / score.n_rows, score.metrics.accuracy);
});

test("models of either worker are compared on the same folds", async () => {
  const { candidates, validated } = await page.evaluate(async () => {
    const table = await v.loadCsv(await csv("/samples/iris.csv"));
    const watched = { kind: "logistic_regression", solver: "gradient_descent", max_iter: 30 };
    const data = { table: table.id, target: "species" };
    const { candidates } = await v.compare({ ...data, models: [{ kind: "decision_tree" }, watched] });
    return { candidates, validated: await v.crossValidate({ ...data, model: watched }) };
  });
  assert.deepEqual(candidates.map(({ error }) => error), [null, null]);
  for (const { score } of candidates) assert.ok(score > 0.8 && score <= 1, `${score}`);
  assert.equal(validated.score, candidates[1].score);
});

test("what learns without a target measures itself and answers new rows", async () => {
  const outcomes = await page.evaluate(async () => {
    const table = await v.loadCsv(await csv("/samples/iris.csv"));
    const features = ["sepal_length", "sepal_width", "petal_length", "petal_width"];
    const outcomes = {};
    for (const [kind, model] of Object.entries({ k_means: { n_clusters: 3 }, pca: { n_components: 2 }, isolation_forest: {} })) {
      const { id, metrics, task } = await v.train({ table: table.id, features, model: { kind, ...model } });
      const { n_rows } = await v.predict(id, { table: table.id });
      outcomes[kind] = { task, n_rows, train: metrics.train };
    }
    return outcomes;
  });
  assert.deepEqual(Object.values(outcomes).map(({ task }) => task), ["clustering", "projection", "anomaly_detection"]);
  assert.ok(Object.values(outcomes).every(({ n_rows }) => n_rows === 150));
  assert.ok(outcomes.k_means.train.silhouette > 0.4);
  assert.ok(outcomes.pca.train.explained_variance_ratio > 0.9);
});

test("penguins: missing and unseen values are answered and reported", async () => {
  const { prep, out, csvText } = await page.evaluate(async () => {
    const table = await v.loadCsv(await csv("/samples/penguins.csv"));
    const prep = await v.prepare({ table: table.id, target: "species" });
    const model = await v.train({ table: table.id, target: "species", model: { kind: "logistic_regression" } });
    const rows = [{ island: "Atlantis", bill_length_mm: null, bill_depth_mm: 18, flipper_length_mm: 180, body_mass_g: 3700 }];
    const out = await v.predict(model.id, { rows });
    const asCsv = await v.predict(model.id, { csv: "island,bill_length_mm\nDream,40\n=1+1,41\n", output: "csv" });
    return { prep: { ...prep, matrix: Array.from(prep.matrix) }, out, csvText: new TextDecoder().decode(asCsv.csv) };
  });
  assert.equal(prep.matrix.length, prep.n_rows * prep.feature_names.length);
  assert.ok(prep.matrix.every(Number.isFinite));
  assert.ok(prep.steps.some(({ asked }) => asked.step === "impute"));
  assert.equal(out.predictions.length, 1);
  assert.ok(Math.abs(out.probabilities[0].reduce((a, b) => a + b) - 1) < 1e-9);
  assert.ok(out.issues.length >= 2, JSON.stringify(out.issues));
  assert.match(csvText, /'=1\+1/, "a cell that a spreadsheet would compute is made text");
});

test("abalone: linear regression, exact and watched, come to the same", async () => {
  const { exact, watched, progress } = await page.evaluate(async () => {
    const table = await v.loadCsv(await csv("/samples/abalone.csv"));
    const base = { table: table.id, target: "rings" };
    const exact = await v.train({ ...base, model: { kind: "linear_regression" } });
    const progress = [];
    const spec = { kind: "linear_regression", solver: "gradient_descent" };
    const watched = await v.train({ ...base, model: spec }, { onProgress: (step) => progress.push(step) });
    return { exact, watched, progress };
  });
  assert.ok(exact.metrics.test.r2 > 0.4, `r2 ${exact.metrics.test.r2}`);
  assert.ok(Math.abs(exact.metrics.test.rmse - watched.metrics.test.rmse) < 0.1);
  assert.ok(watched.history.length > 1);
  assert.ok(watched.history.at(-1).train_loss <= watched.history[0].train_loss);
  assert.ok(progress.every(({ fraction }, idx) => idx === 0 || fraction >= progress[idx - 1].fraction), "progress never falls");
});

test("the Chinese sample keeps its leading zeros as text", async () => {
  const { table, rows } = await page.evaluate(async () => {
    const table = await v.loadCsv(await csv("/samples/secondhand_homes_zh.csv"));
    return { table, rows: (await v.readTable(table.id, { end: 1 })).rows };
  });
  assert.equal(table.columns[0].kind, "text");
  assert.equal(rows[0]["房源编号"], "00001");
});

test("a boundary answers every grid point", async () => {
  const why = await page.evaluate(async () => {
    const table = await v.loadCsv(await csv("/samples/iris.csv"));
    const model = await v.train({ table: table.id, target: "species", model: { kind: "decision_tree" } });
    return v.explain(model.id, { kind: "boundary", x: "petal_length", y: "petal_width", resolution: 20 });
  });
  assert.deepEqual([why.predictions.length, why.probabilities.length, why.x_values.length], [400, 400, 20]);
  assert.ok(new Set(why.predictions).size >= 2);
});

test("predictions after export and import are bit-equal", async () => {
  const equal = await page.evaluate(async () => {
    const results = [];
    for (const [sample, target, kind] of [
      ["iris", "species", "decision_tree"],
      ["penguins", "species", "logistic_regression"],
      ["abalone", "rings", "linear_regression"],
    ]) {
      const table = await v.loadCsv(await csv(`/samples/${sample}.csv`));
      const model = await v.train({ table: table.id, target, model: { kind } });
      const before = await v.predict(model.id, { table: table.id });
      const bytes = await v.exportModel(model.id, "project", { include_data: true });
      const other = await Vitrine.start({ device: "cpu" });
      const back = await other.importProject(bytes);
      const after = await other.predict(back.models[0].id, { table: back.tables[0].id });
      other.close();
      results.push([sample, JSON.stringify(before) === JSON.stringify(after)]);
    }
    return results;
  });
  assert.deepEqual(equal, [["iris", true], ["penguins", true], ["abalone", true]]);
});

test("the same request gives the same model, bit for bit", async () => {
  const [a, b] = await page.evaluate(async () => {
    const table = await v.loadCsv(await csv("/samples/penguins.csv"));
    const request = { table: table.id, target: "species", model: { kind: "logistic_regression" }, seed: 7 };
    const fits = [await v.train(request), await v.train(request)];
    return fits.map(({ structure, metrics, receipt, split }) => JSON.stringify({ structure, metrics, receipt, split }));
  });
  assert.equal(a, b);
});

test("errors name the place, and nothing that was there is lost", async () => {
  const errors = await page.evaluate(async () => {
    const table = await v.loadCsv("x,y\n1,a\n2,b\n3,a\n4,b\n");
    const base = { table: table.id, target: "y", model: { kind: "decision_tree" } };
    const errors = {
      table: await errorOf(v.train({ ...base, table: "table-999" })),
      target: await errorOf(v.train({ ...base, target: "z" })),
      kind: await errorOf(v.train({ ...base, model: { kind: "oracle" } })),
      param: await errorOf(v.train({ ...base, model: { kind: "decision_tree", max_dept: 3 } })),
      range: await errorOf(v.train({ ...base, model: { kind: "decision_tree", max_depth: -1 } })),
      field: await errorOf(v.train({ ...base, tagret: "y" })),
      option: await errorOf(v.loadCsv("x\n1\n", { delimeter: ";" })),
      type: await errorOf(v.request({ type: "trian" })),
      project: await errorOf(v.importProject(new Uint8Array([1, 2, 3]))),
    };
    return { errors, n_rows: (await v.readTable(table.id)).rows.length };
  });
  assert.equal(errors.n_rows, 4);
  for (const [name, error] of Object.entries(errors.errors)) {
    assert.equal(error?.name, "VitrineError", name);
    assert.match(error.code, /^[a-z]+\.[a-z0-9_]+$/, name);
    assert.ok(error.message && error.hint, name);
  }
  const { table, field, option, param } = errors.errors;
  assert.equal(table.code, "request.no_such_table");
  assert.deepEqual([field.code, field.place], ["request.unknown_field", { field: "tagret" }]);
  assert.deepEqual([option.code, option.place], ["request.unknown_field", { field: "delimeter" }]);
  assert.match(param.message, /max_dept/);
});

test("the catalog declares every model with its parameters in both languages", async () => {
  const { models, errors } = await page.evaluate(() => v.describe());
  const kinds = models.map(({ kind }) => kind);
  for (const kind of ["decision_tree", "linear_regression", "logistic_regression"]) assert.ok(kinds.includes(kind), kind);
  for (const { params } of models) assert.ok(params.every(({ short }) => short.en && short.zh));
  assert.ok(errors.some(({ code }) => code === "request.no_such_table"));
});

test("nothing left the origin", () => {
  assert.deepEqual(page.strayRequests, []);
});

test("a net is watched, paused, taken back and ended, and answers where there is no burn", async () => {
  const { views, model, out, plane } = await page.evaluate(async () => {
    const table = await v.makeToy({ kind: "circle", n_rows: 120, seed: 3 });
    const net = { kind: "mlp", hidden_layer_sizes: [8], learning_rate_init: 0.02, max_iter: 100000, n_iter_no_change: 100000, tol: 0 };
    const watch = { boundary: { x: "x", y: "y", resolution: 10 }, weights: true };
    const controls = {};
    const views = [];
    const onProgress = ({ message, view }) => {
      if (!view) return;
      views.push({ message, epoch: view.epoch, n_batches: view.n_batches, n_weights: view.layers[0].weights.length, n_codes: view.boundary.codes.length });
      const n_paused = views.filter(({ message }) => message === "paused").length;
      if (message === "fitting" && n_paused === 0 && view.epoch > 40) controls.pause();
      else if (message === "paused" && n_paused <= 3) controls.step();
      else if (message === "paused" && n_paused === 4) controls.seek(20);
      else if (message === "paused" && n_paused === 5) controls.resume();
      else if (n_paused === 5 && view.epoch > 60) controls.stop();
    };
    const model = await v.train({ table: table.id, target: "class", model: net, watch }, { controls, onProgress });
    const out = await v.predict(model.id, { table: table.id });
    const plane = await v.explain(model.id, { kind: "boundary", x: "x", y: "y", resolution: 10 });
    return { views, model, out, plane };
  });
  const paused = views.filter(({ message }) => message === "paused");
  assert.deepEqual(paused.slice(1, 4).map(({ n_batches }, idx) => n_batches - paused[idx].n_batches), [1, 1, 1]);
  assert.ok(paused[4].epoch <= 20, `back to epoch ${paused[4].epoch}`);
  assert.ok(views.every(({ n_weights, n_codes }) => n_weights === 16 && n_codes === 100));
  assert.deepEqual(model.structure.layers.map(({ n_outputs }) => n_outputs), [8, 1]);
  assert.equal(model.structure.n_parameters, 33);
  assert.ok(model.history.length > 60 && model.history.length < 100_000);
  assert.equal(out.predictions.length, 120);
  assert.equal(plane.predictions.length, 100);
});
