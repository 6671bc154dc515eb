// WebGPU, in software, and what happens without it.

import assert from "node:assert/strict";
import { after, describe, before, test } from "node:test";

import { launch, openVitrine, WITHOUT_GPU_WORKER } from "./browser.mjs";

const WATCHED = [
  ["abalone", "rings", { kind: "linear_regression", solver: "gradient_descent", max_iter: 5 }],
  ["iris", "species", { kind: "logistic_regression", solver: "gradient_descent", max_iter: 5 }],
];

describe("without an adapter", () => {
  let browser;
  let page;
  before(async () => {
    browser = await launch({ gpu: false });
    page = await openVitrine(browser, { device: "webgpu" });
  });
  after(() => browser?.close());

  test("the CPU answers, says why, and the GPU worker is not fetched", async () => {
    const { device, model, fetched } = await page.evaluate(async (model) => {
      const table = await v.loadCsv(await csv("/samples/iris.csv"));
      const fitted = await v.train({ table: table.id, target: "species", model });
      const fetched = performance.getEntriesByType("resource").map(({ name }) => name);
      return { device: v.device, model: fitted, fetched };
    }, WATCHED[1][2]);
    assert.equal(device.kind, "cpu");
    assert.match(device.fallback_reason, /WebGPU/);
    assert.equal(model.device.kind, "cpu");
    assert.match(model.device.fallback_reason, /WebGPU/);
    assert.ok(!fetched.some((name) => name.includes("worker-gpu")), fetched.join(" "));
  });
});

describe("with software WebGPU", { skip: WITHOUT_GPU_WORKER && "this build has no GPU worker" }, () => {
  let browser;
  let page;
  before(async () => {
    browser = await launch({ gpu: true });
    page = await openVitrine(browser, { device: "webgpu" });
  });
  after(() => browser?.close());

  test("the GPU worker passes its self-test", async () => {
    const device = await page.evaluate(() => v.device);
    assert.deepEqual([device.kind, device.fallback_reason], ["webgpu", null]);
  });

  for (const [sample, target, model] of WATCHED) {
    test(`${model.kind} trains on WebGPU, and the CPU worker has the model`, async () => {
      const { fitted, onCpu, equal } = await page.evaluate(async ({ sample, target, model }) => {
        const table = await v.loadCsv(await csv(`/samples/${sample}.csv`));
        const request = { table: table.id, target, model };
        const fitted = await v.train(request);
        const onCpu = await v.train({ ...request, device: "cpu" });
        const [a, b] = [await v.predict(fitted.id, { table: table.id }), await v.predict(onCpu.id, { table: table.id })];
        const near = (a, b) => (typeof a === "number" ? Math.abs(a - b) < 0.05 : a === b);
        return { fitted, onCpu, equal: a.predictions.filter((answer, idx) => near(answer, b.predictions[idx])).length / a.predictions.length };
      }, { sample, target, model });
      assert.equal(fitted.device.kind, "webgpu");
      assert.equal(onCpu.device.kind, "cpu");
      assert.ok(equal > 0.98, `${equal} of the answers are the same`);
    });
  }

  test("a tree stays on the CPU and says why", async () => {
    const device = await page.evaluate(async () => {
      const table = await v.loadCsv(await csv("/samples/iris.csv"));
      return (await v.train({ table: table.id, target: "species", model: { kind: "decision_tree" } })).device;
    });
    assert.equal(device.kind, "cpu");
    assert.ok(device.fallback_reason);
  });

  test("the console stayed quiet and nothing left the origin", () => {
    assert.deepEqual(page.troubles, []);
    assert.deepEqual(page.strayRequests, []);
  });
});
