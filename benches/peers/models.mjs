// The classical models beside their peers: abalone and iris beside libraries in the same browser, a hundred thousand
// rows and more beside scikit-learn, natively on one thread; and how time grows with rows and columns.

import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { generator, treeCsv } from "./data.js";
import { growthSvg } from "./plot.mjs";
import { answerWork, boostingWork, descentWork, roofline, treeWork } from "./roofline.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const SAMPLES = join(HERE, "../../www/samples");
const TEST_SHARE = 0.3;
const FIRST_SPLIT = 7;
/** A forest's error on one split moves by 0.003 with its seed, more than two good forests differ by. */
const N_SPLITS = 10;
const N_FEATURES = 20;
const FEATURES = [...Array(N_FEATURES).keys()].map((k) => `f${k}`);

/** Least squares through (ln x, ln y): the power by which y grows. */
function growthPower(points) {
  const logs = points.map(([x, y]) => [Math.log(x), Math.log(y)]);
  const mean = (at) => logs.reduce((sum, log) => sum + log[at], 0) / logs.length;
  const [mx, my] = [mean(0), mean(1)];
  return logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
}

/** A sample split by seed: the same rows for everybody. */
function splitSample(name, label, seed = FIRST_SPLIT) {
  const [header, ...lines] = readFileSync(join(SAMPLES, name), "utf8").trim().split(/\r?\n/);
  const random = generator(seed);
  const isTest = lines.map(() => random() < TEST_SHARE);
  const part = (wanted) => lines.filter((_, row) => isTest[row] === wanted);
  const names = header.split(",");
  const at = names.indexOf(label);
  const csv = (rows) => `${header}\n${rows.join("\n")}\n`;
  const cells = (rows) => rows.map((row) => row.split(","));
  const [train, test] = [part(false), part(true)];
  const columns = Object.fromEntries(names.map((column, idx) => [column, cells(test).map((row) => (idx === 0 && Number.isNaN(Number(row[0])) ? row[idx] : Number(row[idx])))]));
  return { names, at, train, test, trainCsv: csv(train), testCsv: csv(test), columns, cells };
}

/** Numbers for libraries that read only numbers: categories become 0-or-1 columns. */
function encoded(cells, at, categories) {
  return cells.map((row) => row.flatMap((cell, idx) => (idx === at ? [] : categories[idx] ? categories[idx].map((name) => (name === cell ? 1 : 0)) : [Number(cell)])));
}

export function modelParts({ report, call, open, python, withPeakMemory, toolsRequire, serveFile, seconds, times, megabytes, share, nRepeats, svg, url, scratch }) {
  let machine = null;
  /** What some work takes at best on this machine, which is measured when first asked. */
  const atBest = async (page, work) => roofline(work, (machine ??= await call(page, "machine")));

  const bestOf = async (work, n = nRepeats) => {
    let best = null;
    for (let repeat = 0; repeat < n; repeat++) {
      const outcome = await work();
      if (!best || outcome.fitMillis < best.fitMillis) best = outcome;
    }
    return best;
  };

  async function othersPage() {
    const outfile = join(scratch, "others_bundle.js");
    // random-js asks for Node's crypto only where there is a Node.
    const options = { entryPoints: [join(HERE, "others_entry.js")], bundle: true, format: "esm", outfile, external: ["crypto"], logLevel: "silent" };
    toolsRequire("esbuild").buildSync({ ...options, nodePaths: [join(dirname(toolsRequire.resolve("esbuild/package.json")), "..")] });
    serveFile("/bench/others_bundle.js", outfile);
    const opened = await open(scratch, `${url}/bench/others.html`);
    await opened.page.waitForFunction(() => window.benchReady, undefined, { timeout: 60_000 });
    return opened;
  }

  /** Abalone, seven tenths to learn from: forests and boosting beside YDF in the same browser and scikit-learn natively. */
  async function abalone({ page }) {
    const sample = splitSample("abalone.csv", "rings");
    const paths = [join(scratch, "abalone-train.csv"), join(scratch, "abalone-test.csv")];
    await writeFile(paths[0], sample.trainCsv);
    await writeFile(paths[1], sample.testCsv);
    const native = python ? await python(["sklearn_models.py", "abalone", ...paths]) : null;
    const { context, page: others } = await othersPage();
    const models = [
      // YDF takes no settings, so Vitrine takes YDF's. It draws 3 of its 8 features for a question, and leaves 5 rows in a
      // leaf, counting copies; with 3 columns for the sex that is 4 of 10, and 4 rows where copies count once.
      ["random forest, 300 trees", "RandomForestLearner", "random_forest", { kind: "random_forest", n_estimators: 300 }, { max_depth: 16, min_samples_leaf: 4, max_features: 4 }],
      ["boosting, 45 trees", "GradientBoostedTreesLearner", "boosting", { kind: "gradient_boosting", max_iter: 45 }],
    ];
    try {
      await loadSplit(page, sample);
      for (const [what, , name, model] of native ? models : []) {
        const ours = await bestOf(() => fitAbalone(page, model, 0));
        const peer = native[name];
        report(`abalone, ${what}; scikit-learn, native, one thread`, told(ours.fitMillis, ours.metrics.rmse), told(peer.fit_ms, peer.rmse), `${times(ours.fitMillis / peer.fit_ms)} its time`, "", null, await atBest(page, abaloneWork(model, sample.train.length)));
      }
      await jsLibraries(page, others, sample, sample.columns.rings);
      await besideYdf(page, others, models);
    } finally {
      await context.close();
    }
  }

  const told = (millis, error) => `${seconds(millis)}, RMSE ${error.toFixed(3)}`;

  /** Ten columns, three of them for the sex; boosting keeps it in one. */
  const abaloneWork = (model, nRows) =>
    model.kind === "gradient_boosting" ? boostingWork(nRows, 8, { nTrees: model.max_iter }) : treeWork(nRows, model.max_features ?? 10, { nTrees: model.n_estimators, maxDepth: model.max_depth });

  const fitAbalone = (page, model, seed) => call(page, "fitAndTest", "abalone", "abalone-test", { target: "rings", task: "regression", model, seed });

  async function loadSplit(page, sample) {
    await call(page, "loadText", "abalone", sample.trainCsv);
    await call(page, "loadText", "abalone-test", sample.testCsv);
  }

  /** Over several splits, both fitted on each: times and errors are means, and the errors' difference has its deviation. */
  async function besideYdf(page, others, models) {
    const fits = models.map(() => []);
    const seeds = [...Array(nRepeats > 1 ? N_SPLITS : 2).keys()];
    for (const seed of seeds) {
      const sample = splitSample("abalone.csv", "rings", FIRST_SPLIT + seed);
      const { rings: actual, ...test } = sample.columns;
      await loadSplit(page, sample);
      for (const [idx, [, learner, , model, asYdf]] of models.entries()) {
        const ours = await fitAbalone(page, { ...model, ...asYdf }, seed);
        const theirs = await call(others, "ydf", { learner, label: "rings", train: sample.trainCsv, test, actual });
        fits[idx].push({ ours: [ours.fitMillis, ours.metrics.rmse], theirs: [theirs.millis, theirs.rmse], nTrees: theirs.nTrees, nRows: sample.train.length });
      }
    }
    for (const [idx, [what, , , model, asYdf]] of models.entries()) {
      const mean = (of) => fits[idx].reduce((sum, fit) => sum + of(fit), 0) / seeds.length;
      const [ours, theirs] = ["ours", "theirs"].map((who) => [0, 1].map((at) => mean((fit) => fit[who][at])));
      const difference = ours[1] - theirs[1];
      const deviation = Math.sqrt(mean((fit) => (fit.ours[1] - fit.theirs[1] - difference) ** 2));
      const ratio = ours[0] / theirs[0];
      // As good: worse by no more than the mean of so many differences strays by itself.
      const isGood = ratio < 1 && difference <= deviation / Math.sqrt(seeds.length);
      const apart = `RMSE ${difference < 0 ? "−" : "+"}${Math.abs(difference).toFixed(4)} ± ${deviation.toFixed(4)}`;
      report(`abalone, ${what}, mean of ${seeds.length} splits; ydf-training, ${mean((fit) => fit.nTrees)} trees`, told(...ours), told(...theirs), `${times(ratio)} its time, ${apart}`, "< 1×, RMSE as good", isGood, await atBest(page, abaloneWork({ ...model, ...asYdf }, mean((fit) => fit.nRows))));
    }
  }

  async function jsLibraries(page, others, sample, actual) {
    const train = sample.cells(sample.train);
    const categories = [[...new Set(train.map((row) => row[0]))].sort()];
    const [x, testX] = [train, sample.cells(sample.test)].map((cells) => encoded(cells, sample.at, categories));
    const y = train.map((row) => Number(row[sample.at]));
    const models = [
      ["ml-cart", "one full tree", { kind: "decision_tree" }],
      ["ml-random-forest", "a forest of 10 trees", { kind: "random_forest", n_estimators: 10 }],
    ];
    for (const [library, what, model] of models) {
      const ours = await bestOf(() => call(page, "fitAndTest", "abalone", "abalone-test", { target: "rings", task: "regression", model }));
      const theirs = await call(others, "js", { library, x, y, testX, actual });
      report(`abalone, ${what}; ${library}`, `${seconds(ours.fitMillis)}, RMSE ${ours.metrics.rmse.toFixed(3)}`, `${seconds(theirs.millis)}, RMSE ${theirs.rmse.toFixed(3)}`, `${times(ours.fitMillis / theirs.millis)} its time`, "< 1×", ours.fitMillis < theirs.millis, await atBest(page, treeWork(train.length, x[0].length, { nTrees: model.n_estimators })));
    }
    const iris = splitSample("iris.csv", "species");
    const classes = [...new Set(iris.cells(iris.train).map((row) => row[iris.at]))].sort();
    const labels = (cells) => cells.map((row) => classes.indexOf(row[iris.at]));
    await call(page, "loadText", "iris", iris.trainCsv);
    await call(page, "loadText", "iris-test", iris.testCsv);
    const ours = await bestOf(() => call(page, "fitAndTest", "iris", "iris-test", { target: "species", recipe: [], model: { kind: "logistic_regression" } }));
    const [cells, testCells] = [iris.cells(iris.train), iris.cells(iris.test)];
    const theirs = await call(others, "logistic", { x: encoded(cells, iris.at, {}), y: labels(cells), testX: encoded(testCells, iris.at, {}), actual: labels(testCells), numSteps: 1000, learningRate: 5e-3 });
    report("iris, logistic regression; ml-logistic-regression, 1000 steps", `${seconds(ours.fitMillis)}, accuracy ${ours.metrics.accuracy.toFixed(3)}`, `${seconds(theirs.millis)}, accuracy ${theirs.accuracy.toFixed(3)}`, `${times(ours.fitMillis / theirs.millis)} its time`, "< 1×", ours.fitMillis < theirs.millis, await atBest(page, descentWork(cells.length, 4, { nOutputs: classes.length, nSteps: 1 })));
  }

  /** Boosting and forests on a hundred thousand rows and a million, and how quickly they answer. */
  async function boosting({ page }) {
    const nRows = 100_000 * share;
    const path = join(scratch, "boosting.csv");
    await writeFile(path, treeCsv(nRows));
    const native = python ? await python(["sklearn_models.py", "large", path, String(nRepeats)]) : null;
    await page.setInputFiles("#file", path);
    await call(page, "take", "boosting");
    await call(page, "load", "boosting", "boosting");
    const cases = [
      ["boosting, 100 trees", "boosting", { target: "value", model: { kind: "gradient_boosting", max_iter: 100 } }, boostingWork(nRows, N_FEATURES, { nTrees: 100 }), 5],
      ["boosting, 100 rounds of 3 classes", "boosting_classes", { target: "label", model: { kind: "gradient_boosting", max_iter: 100 } }, boostingWork(nRows, N_FEATURES, { nTrees: 100, nOutputs: 3 }), 5],
      ["random forest, 100 trees, depth 10", "random_forest", { target: "value", model: { kind: "random_forest", n_estimators: 100, max_depth: 10 } }, treeWork(nRows, N_FEATURES, { nTrees: 100, maxDepth: 10 }), 10],
    ];
    for (const [what, name, request, work, nLevels] of cases) {
      const asked = { features: FEATURES, recipe: [], ...request };
      const ours = await call(page, "fitAndPredict", "boosting", asked, name === "boosting_classes" ? 1 : nRepeats);
      const peer = native?.[name];
      const line = async (part, mine, theirs, work) =>
        report(`${what}, ${nRows} × ${N_FEATURES}, ${part}; scikit-learn, native, one thread`, seconds(mine), theirs ? seconds(theirs) : "no Python", theirs ? `${times(mine / theirs)} its time` : "", "≤ 2×", theirs ? mine / theirs <= 2 : null, await atBest(page, work));
      await line("fit", ours.fitMillis, peer?.fit_ms, work);
      if (name !== "boosting_classes") await line("predict all rows", ours.predictMillis, peer?.predict_ms, answerWork(nRows, N_FEATURES, { nTrees: 100, nLevels }));
    }
    await million();
  }

  /** A million rows, in a browser of its own: what it needs beside the typed table. */
  async function million() {
    const nRows = 1_000_000 * share;
    const { context, page } = await open(scratch, `${url}/bench/index.html`);
    try {
      await page.waitForFunction(() => window.benchReady);
      await call(page, "start");
      await call(page, "makeNumbers", "million", nRows, N_FEATURES);
      const { result: loaded } = { result: await call(page, "load", "million", "million") };
      const request = { target: "value", recipe: [], model: { kind: "gradient_boosting", max_iter: 100, early_stopping: false } };
      const { result: ours, peakBytes } = await withPeakMemory(page, () => call(page, "trainWatched", "million", request));
      const typedBytes = loaded.memoryBytes;
      report(`boosting, 100 trees, ${nRows} × ${N_FEATURES}: fit`, seconds(ours.fitMillis), "", "", "ends", true, await atBest(page, boostingWork(nRows, N_FEATURES, { nTrees: 100 })));
      report(`the same: longest main-thread task`, ours.longestTaskMillis === 0 ? "none over 50 ms" : `${Math.round(ours.longestTaskMillis)} ms`, "", "", "≤ 50 ms", ours.longestTaskMillis <= 50);
      if (peakBytes) report(`the same: peak memory beside the table of ${megabytes(typedBytes)}`, megabytes(peakBytes), "", times((peakBytes + typedBytes) / typedBytes), "≤ 4× with it", (peakBytes + typedBytes) / typedBytes <= 4);
    } finally {
      await context.close();
    }
  }

  /** How time grows: the power of rows and of columns by which it does. n·log n is a power of about 1.1 here. */
  async function growth({ page }) {
    const [baseRows, baseColumns] = [20_000 * share, N_FEATURES];
    const models = {
      "decision tree": [{ kind: "decision_tree" }, treeWork],
      "boosting, 20 trees": [{ kind: "gradient_boosting", max_iter: 20, early_stopping: false }, (n, p) => boostingWork(n, p, { nTrees: 20 })],
      "random forest, 5 trees": [{ kind: "random_forest", n_estimators: 5 }, (n, p) => treeWork(n, p, { nTrees: 5 })],
    };
    const series = [];
    for (const [what, [model, workOf]] of Object.entries(models)) {
      for (const [axis, sizes] of [["rows", [1, 2, 4, 8].map((k) => [baseRows * k, baseColumns])], ["columns", [1, 2, 4].map((k) => [baseRows, baseColumns * k])]]) {
        const points = [];
        for (const [nRows, nColumns] of sizes) {
          const name = `growth-${nRows}-${nColumns}`;
          await call(page, "makeNumbers", name, nRows, nColumns);
          await call(page, "load", name, name);
          const fit = await bestOf(() => call(page, "train", name, { target: "value", recipe: [], model }), 2);
          await call(page, "forget", name);
          points.push([axis === "rows" ? nRows : nColumns, fit.fitMillis]);
        }
        const power = growthPower(points);
        report(`${what}: time grows with ${axis}, ${points.map(([n]) => n).join(", ")}`, points.map(([, millis]) => seconds(millis)).join(", "), "", `power ${power.toFixed(2)}`, "≤ 1.25", power <= 1.25, `largest: ${await atBest(page, workOf(...sizes.at(-1)))}`);
        series.push({ what, axis, points });
      }
    }
    if (svg) await writeFile(svg, growthSvg(series));
  }

  /** What a second worker is worth. On a machine with something else to do, or with one core, that is less or nothing. */
  async function workers({ page }) {
    const nRows = 50_000 * share;
    await call(page, "makeNumbers", "workers", nRows, N_FEATURES);
    const forest = { target: "value", recipe: [], model: { kind: "random_forest", n_estimators: 50, max_depth: 12 } };
    const candidates = { max_depth: [4, 6, 8, 10] };
    const search = { target: "value", recipe: [], model: { kind: "random_forest", n_estimators: 10 }, space: candidates };
    // In turns, so that whatever else the machine does meets both.
    const [alone, together] = [{}, {}];
    for (let repeat = 0; repeat < nRepeats; repeat++) {
      for (const [n_workers, best] of [[1, alone], [2, together]]) {
        const took = await call(page, "together", "workers", n_workers, forest, search);
        for (const [part, millis] of Object.entries(took)) best[part] = Math.min(best[part] ?? Infinity, millis);
      }
    }
    const rows = { cold: "random forest, 50 trees, helper to be started", warm: "the same, helper at hand", searched: "20 fits of forests of 10 trees" };
    for (const [part, what] of Object.entries(rows)) {
      report(`${what}, ${nRows} × ${N_FEATURES}: two workers beside one`, seconds(together[part]), seconds(alone[part]), `${times(together[part] / alone[part])} its time`, "", null);
    }
  }

  return { abalone, boosting, growth, workers };
}
