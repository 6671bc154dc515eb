// Work that several workers share, in a real browser: the same bits as from one, one cancel, nothing lost with a helper.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, open } from "./browser.mjs";

let browser;
let page;

before(async () => {
  browser = await launch();
  page = await open(browser);
  await page.evaluate(async () => {
    const { Vitrine } = await import("/vitrine.js");
    const text = await (await fetch("/samples/abalone.csv")).text();
    const idleMillis = 300;

    // The workers that are alive, and the most of them that ever were.
    const alive = new Map();
    let [most, n_helpers] = [0, 0];
    const RealWorker = Worker;
    globalThis.Worker = class extends RealWorker {
      constructor(url, options) {
        super(url, options);
        alive.set(this, options.name);
        n_helpers += options.name.includes("helper");
        most = Math.max(most, alive.size);
      }
      // Tables seem to be read at once, so that work is worth sharing on a busy machine too.
      set onmessage(listener) {
        super.onmessage = (event) => {
          const told = event.data.message.event;
          if (told.type === "table_loaded") told.load_ms = 0;
          listener(event);
        };
      }
      terminate() {
        alive.delete(this);
        super.terminate();
      }
    };
    const named = (word) => [...alive].filter(([, name]) => name.includes(word)).map(([worker]) => worker);
    // Helpers are let go sooner than after their quarter of a minute.
    const wait = setTimeout;
    globalThis.setTimeout = (action, millis, ...rest) => wait(action, millis === 15_000 ? idleMillis : millis, ...rest);

    async function start(n_workers) {
      const v = await Vitrine.start({ n_workers });
      const table = await v.loadCsv(text, { name: "abalone" });
      most = alive.size;
      return { v, table: table.id };
    }

    /** A model file without wall times: its header as text, and its arrays. */
    function contents(bytes) {
      const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(12, true);
      const header = JSON.parse(new TextDecoder().decode(bytes.subarray(16, 16 + length)));
      for (const { card } of header.models) {
        card.fit_millis = 0;
        for (const epoch of card.history) epoch.elapsed_millis = 0;
      }
      return { header: JSON.stringify(header), arrays: bytes.slice(16 + length, -32) };
    }

    /** A digest of the model that a request makes, everything but wall times. */
    async function fingerprint({ v, table }, request, calling) {
      const { fit_ms, id, ...model } = await v.train({ table, seed: 4, ...request }, calling);
      for (const epoch of model.history) epoch.elapsed_ms = 0;
      const { header, arrays } = contents(await v.exportModel(id));
      await v.release(id);
      const all = new Blob([JSON.stringify(model), header.replaceAll(id, "model"), arrays]);
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await all.arrayBuffer()));
      return { digest: Array.from(digest, (byte) => byte.toString(16)).join(" "), score: model.metrics.train.oob_score, n_bytes: all.size };
    }

    const withoutTimes = (found) => ({ ...found, candidates: found.candidates.map(({ fit_ms, ...row }) => row) });
    const delay = (millis) => new Promise((resolve) => wait(resolve, millis));
    Object.assign(globalThis, { start, fingerprint, withoutTimes, named, delay, alive, mostAlive: () => most, nHelpers: () => n_helpers });
  });
});

after(() => browser?.close());

/** Makes the same of it with one worker and with three. */
function withOneAndThree(work, argument) {
  return page.evaluate(
    async ([source, argument]) => {
      const work = (0, eval)(source);
      const outcomes = [];
      for (const n_workers of [1, 3]) {
        const own = await start(n_workers);
        const outcome = await work(own, argument);
        outcomes.push({ outcome, n_alive: mostAlive() });
        own.v.close();
      }
      return outcomes;
    },
    [`(${work})`, argument],
  );
}

for (const [what, request] of Object.entries({
  "numbers, scored out of bag": { target: "rings", model: { kind: "random_forest", n_estimators: 250, oob_score: true } },
  "classes with weights": { target: "sex", model: { kind: "random_forest", n_estimators: 250, class_weight: "balanced", max_depth: 9 } },
  "extra trees": { target: "rings", sample_weight: "whole_weight", model: { kind: "extra_trees", n_estimators: 250 } },
})) {
  test(`a forest of three workers is the forest of one: ${what}`, async () => {
    const [alone, together] = await withOneAndThree((own, request) => fingerprint(own, request), request);
    assert.deepEqual(together.outcome, alone.outcome);
    assert.deepEqual([alone.n_alive, together.n_alive], [1, 3]);
  });
}

for (const [what, model] of Object.entries({
  "boosting": { kind: "gradient_boosting", max_iter: 1000 },
  "a forest": { kind: "random_forest", n_estimators: 120 },
})) {
  test(`a fit with folds of three workers is that of one: ${what}`, async () => {
    const [alone, together] = await withOneAndThree(async ({ v, table }, model) => {
      const told = [];
      const request = { table, target: "rings", seed: 4, model, split: { folds: 10 } };
      const { id, fit_ms, history, ...fitted } = await v.train(request, { onProgress: ({ fraction }) => told.push(fraction) });
      const answers = await v.predict(id, { table });
      const isRising = told.every((fraction, idx) => fraction <= 1 && (idx === 0 || fraction >= told[idx - 1]));
      return { fitted, answers: Array.from(answers.predictions ?? []), isRising };
    }, model);
    assert.deepEqual(together.outcome, alone.outcome);
    assert.ok(together.outcome.isRising);
    assert.equal(together.outcome.fitted.metrics.folds.r2.folds.length, 10);
    assert.deepEqual([alone.n_alive, together.n_alive], [1, 3]);
  });
}

test("a search of three workers is the search of one, round by round", async () => {
  const [alone, together] = await withOneAndThree(async ({ v, table }) => {
    const space = { n_estimators: [20, 40, 60], max_depth: [3, 6, 9, 0], max_features: [0.4, 1] };
    const model = { kind: "random_forest" };
    const told = [];
    const onProgress = (progress) => told.push(progress);
    const data = { table, target: "rings", seed: 1 };
    const grid = await v.search({ ...data, model, space }, { onProgress });
    const halving = await v.search({ ...data, model, space, method: "halving" });
    const models = [{ kind: "gradient_boosting" }, { kind: "random_forest" }, { kind: "ridge" }, { kind: "k_nearest_neighbors" }];
    const compared = await v.compare({ ...data, models });
    const isRising = told.every(({ fraction }, idx) => idx === 0 || fraction >= told[idx - 1].fraction);
    const last = told.at(-1);
    return { found: [grid, halving, compared].map(withoutTimes), isRising, n_epochs: last.n_epochs, best: last.best_score };
  });
  assert.deepEqual(together.outcome.found, alone.outcome.found);
  assert.deepEqual([alone.n_alive, together.n_alive], [1, 3]);
  for (const { outcome } of [alone, together]) {
    assert.deepEqual([outcome.isRising, outcome.n_epochs], [true, outcome.found[0].n_fits]);
    // Progress is told at most twenty times a second: the best fits may have ended after it was told for the last time.
    const best = Math.max(...outcome.found[0].candidates.map(({ score }) => score));
    assert.ok(outcome.best > 0 && outcome.best <= best, `${outcome.best} of ${best}`);
  }
});

test("progress of a forest is one, and rises", async () => {
  const told = await page.evaluate(async () => {
    const { v, table } = await start(3);
    const told = [];
    const model = { kind: "random_forest", n_estimators: 250 };
    await v.train({ table, target: "rings", model }, { onProgress: (progress) => told.push(progress) });
    v.close();
    return told;
  });
  assert.ok(told.length > 5, `told ${told.length} times`);
  assert.ok(told.every(({ fraction }, idx) => fraction <= 1 && (idx === 0 || fraction >= told[idx - 1].fraction)));
  assert.ok(told.at(-1).fraction > 0.8, `${told.at(-1).fraction}`);
});

test("a cancel is heard within 200 ms, whoever works, and the next call goes well", async () => {
  const outcomes = await page.evaluate(async () => {
    const { v, table } = await start(3);
    const data = { table, target: "rings" };
    const long = { kind: "random_forest", n_estimators: 2000 };
    const space = { min_samples_leaf: Array.from({ length: 40 }, (_, idx) => idx + 1) };
    const calls = [
      (calling) => v.train({ ...data, model: long }, calling),
      (calling) => v.search({ ...data, model: { kind: "random_forest" }, space }, calling),
    ];
    const outcomes = [];
    for (const call of calls) {
      // The first while helpers start, the others while all of them work.
      for (const millis of [50, 1500, 2500]) {
        const stop = new AbortController();
        const code = call({ signal: stop.signal }).then(() => "done", (error) => error.code);
        await delay(millis);
        const aborted = performance.now();
        stop.abort();
        outcomes.push({ code: await code, tookMillis: performance.now() - aborted });
      }
    }
    const { metrics } = await v.train({ ...data, model: { ...long, n_estimators: 5 } });
    const most = mostAlive();
    v.close();
    return { outcomes, r2: metrics.train.r2, most };
  });
  assert.deepEqual(outcomes.outcomes.map(({ code }) => code), Array(6).fill("cancelled"));
  for (const { tookMillis } of outcomes.outcomes) assert.ok(tookMillis <= 200, `${tookMillis} ms`);
  assert.ok(outcomes.r2 > 0.8);
  assert.equal(outcomes.most, 3);
});

test("a helper that dies costs nothing but its time", async () => {
  const { alone, together, searches, crashes, n_killed } = await page.evaluate(async () => {
    const request = { target: "rings", model: { kind: "random_forest", n_estimators: 250, oob_score: true } };
    const space = { max_depth: [2, 3, 4, 5, 6, 7, 8, 9, 10, 11] };
    const searched = ({ v, table }) => v.search({ table, target: "rings", model: { kind: "random_forest" }, space }).then(withoutTimes);
    const one = await start(1);
    const alone = await fingerprint(one, request);
    const searches = [await searched(one)];
    one.v.close();
    const three = await start(3);
    let [crashes, n_killed] = [0, 0];
    three.v.addEventListener("crash", () => crashes++);
    // As a browser would that runs out of memory: without a word.
    const killing = setInterval(() => {
      for (const helper of named("helper").slice(0, 1)) {
        helper.terminate();
        n_killed++;
      }
    }, 700);
    const together = await fingerprint(three, request);
    searches.push(await searched(three));
    clearInterval(killing);
    three.v.close();
    return { alone, together, searches, crashes, n_killed };
  });
  assert.deepEqual(together, alone);
  assert.deepEqual(searches[1], searches[0]);
  assert.ok(n_killed >= 1);
  assert.equal(crashes, 0);
});

test("helpers are let go when there is nothing to do, and come back", async () => {
  const counts = await page.evaluate(async () => {
    const { v, table } = await start(2);
    const before = nHelpers();
    const counts = [];
    for (let again = 0; again < 2; again++) {
      const model = { kind: "random_forest", n_estimators: 250 };
      await v.train({ table, target: "rings", model });
      await delay(800);
      counts.push([nHelpers() - before, named("helper").length]);
    }
    v.close();
    return counts;
  });
  assert.deepEqual(counts, [[1, 0], [2, 0]]);
});

test("small work stays with one worker", async () => {
  const names = await page.evaluate(async () => {
    const { v, table } = await start(3);
    const data = { table, target: "rings" };
    await v.train({ ...data, model: { kind: "random_forest", n_estimators: 2 } });
    await v.crossValidate({ ...data, model: { kind: "ridge" } });
    const names = [...alive.values()].map((name) => name.split("-")[1]);
    v.close();
    return names;
  });
  assert.deepEqual(names, ["cpu"]);
});
