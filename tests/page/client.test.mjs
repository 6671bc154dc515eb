// What `vitrine.js` promises about workers, whatever the engine does: tested in Node with workers made up here.

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { Vitrine } from "../../www/vitrine.js";
import { FakeWorker, useGpu } from "./fake-worker.mjs";

let v;

beforeEach(() => {
  FakeWorker.reset();
  globalThis.Worker = FakeWorker;
  globalThis.fetch = async () => ({ ok: true, status: 200 });
  useGpu(null);
});

afterEach(() => {
  v?.close();
  v = undefined;
  mock.timers.reset();
});

const TREE = { table: "table-1", target: "y", model: { kind: "decision_tree" } };
const WATCHED = { table: "table-1", target: "y", model: { kind: "linear_regression", solver: "gradient_descent" } };

/** The code of the error that a promise is rejected with. */
async function codeOf(promise) {
  const error = await promise.then(
    () => assert.fail("it was not rejected"),
    (error) => error,
  );
  assert.equal(error.name, "VitrineError", error.stack);
  return error.code;
}

/** Resolves with the detail of the next event of a kind. */
function next(type) {
  return new Promise((resolve) => v.addEventListener(type, ({ detail }) => resolve(detail), { once: true }));
}

test("the first worker's words are the version and the device", async () => {
  v = await Vitrine.start();
  assert.deepEqual(v.version, { version: "9.9.9", build: "b1", protocol: 1 });
  assert.deepEqual(v.device, { kind: "cpu", name: "fake cpu", fallback_reason: null });
  assert.equal(FakeWorker.all.length, 1);
});

test("an unknown option is an error that names it", async () => {
  const error = await Vitrine.start({ devise: "cpu" }).catch((error) => error);
  assert.equal(error.code, "request.unknown_field");
  assert.deepEqual(error.place, { field: "devise" });
  v = await Vitrine.start();
  assert.equal(await codeOf(v.readTable("table-1", { from: 0 })), "request.unknown_field");
  assert.equal(await codeOf(v.train(TREE, { onprogress() {} })), "request.unknown_field");
  assert.equal(await codeOf(Vitrine.start({ device: "tpu" })), "request.malformed");
  for (const n_workers of [0, 17, "many", null]) {
    assert.equal(await codeOf(Vitrine.start({ n_workers })), "request.malformed");
  }
});

test("answers come back to their calls, in whatever order", async () => {
  v = await Vitrine.start();
  await v.loadCsv("x\n1\n");
  const slow = v.request({ type: "prepare", table: "table-1", fake: "wait" });
  const quick = await v.describe();
  assert.deepEqual(quick.models, []);
  FakeWorker.last.answerWaiting();
  assert.equal((await slow).event.type, "prepared");
});

test("a string, bytes and a file arrive as a Blob, and a file gives its name", async () => {
  v = await Vitrine.start();
  for (const source of ["x\n1\n", new TextEncoder().encode("x\n1\n"), new Blob(["x\n1\n"])]) {
    assert.equal((await v.loadCsv(source)).size_bytes, 4);
  }
  assert.equal((await v.loadCsv(new File(["x\n1\n"], "mine.csv"))).name, "mine.csv");
  assert.equal(await codeOf(v.loadCsv(42)), "request.malformed");
});

test("a column called __proto__ is a column like any other", async () => {
  v = await Vitrine.start();
  const { rows } = await v.readTable("table-1");
  assert.deepEqual(Object.keys(rows[0]), ["__proto__", "y"]);
  assert.equal(Object.getPrototypeOf(rows[0]), Object.prototype);
});

test("codes become class names, with a list of probabilities per row", async () => {
  v = await Vitrine.start();
  const out = await v.predict("model-1", { rows: [{ x: 1 }, { x: 2 }] });
  assert.deepEqual(out.predictions, ["b", "a"]);
  assert.deepEqual(out.probabilities, [[0.25, 0.75], [0.5, 0.5]]);
});

test("a request that cannot be copied is an error", async () => {
  v = await Vitrine.start();
  assert.equal(await codeOf(v.prepare({ table: () => "table-1" })), "request.malformed");
});

test("a failure keeps its code, hint and place", async () => {
  v = await Vitrine.start();
  const error = await v.train({ ...TREE, model: { fake: "fail" } }).catch((error) => error);
  assert.equal(error.code, "train.made_up");
  assert.equal(error.stage, "train");
  assert.equal(error.hint, "Do not");
  assert.deepEqual(error.place, { column: "y" });
});

test("a listener that throws does not harm the call", async () => {
  v = await Vitrine.start();
  const reported = (globalThis.reportError = mock.fn());
  const onProgress = () => {
    throw new Error("mine");
  };
  const model = await v.train({ ...TREE, model: { fake: "progress" } }, { onProgress });
  assert.equal(model.id, "model-1");
  assert.equal(reported.mock.calls[0].arguments[0].message, "mine");
});

test("an abort is posted, and its answer rejects with cancelled", async () => {
  v = await Vitrine.start();
  const stop = new AbortController();
  const training = v.train({ ...TREE, model: { fake: "wait" } }, { signal: stop.signal });
  await FakeWorker.last.heard("train");
  stop.abort();
  assert.equal(await codeOf(training), "cancelled");
});

test("an abort that came before posts nothing", async () => {
  v = await Vitrine.start();
  const n_heard = FakeWorker.last.requests.length;
  assert.equal(await codeOf(v.train(TREE, { signal: AbortSignal.abort() })), "cancelled");
  assert.equal(FakeWorker.last.requests.length, n_heard);
});

test("a worker too busy to hear an abort is not waited for, and what it makes is released", async () => {
  v = await Vitrine.start();
  const stop = new AbortController();
  const training = v.train({ ...TREE, model: { fake: "deaf" } }, { signal: stop.signal });
  const worker = FakeWorker.last;
  await worker.heard("train");
  mock.timers.enable({ apis: ["setTimeout"] });
  stop.abort();
  mock.timers.tick(150);
  assert.equal(await codeOf(training), "cancelled");
  mock.timers.reset();
  worker.answerWaiting();
  assert.equal((await worker.heard("release")).id, "model-1");
});

test("a crash rejects what was under way; the next call finds tables and models in a new worker", async () => {
  v = await Vitrine.start();
  const table = await v.loadCsv("x\n1\n", { delimiter: ";" });
  const model = await v.train(TREE);
  await FakeWorker.last.heard("export");
  await v.describe();
  const crash = next("crash");
  assert.equal(await codeOf(v.prepare({ table: table.id, fake: "crash" })), "environment.worker_crashed");
  assert.match((await crash).message, /made-up panic/);
  const restored = next("restored");
  assert.deepEqual((await v.predict(model.id, { rows: [{}] })).predictions, ["b", "a"]);
  assert.deepEqual(await restored, { restored: ["table-1", "model-1"], lost: [] });
  assert.equal(FakeWorker.all.length, 2);
  assert.ok(FakeWorker.all[0].isTerminated);
  const [load, project] = FakeWorker.last.requests;
  assert.deepEqual([load.type, load.id, load.options.delimiter], ["load_csv", "table-1", ";"]);
  assert.equal(project.type, "import_project");
});

test("what was released does not come back after a crash", async () => {
  v = await Vitrine.start();
  await v.loadCsv("x\n1\n");
  await v.loadCsv("x\n2\n");
  await v.release("table-1");
  FakeWorker.last.crash();
  await v.describe();
  assert.deepEqual(FakeWorker.last.requests.map(({ type, id }) => [type, id]), [["load_csv", "table-2"], ["describe", undefined]]);
});

test("what ends the worker again when restored is left out, and named", async () => {
  v = await Vitrine.start();
  await v.loadCsv("x\n1\n");
  await v.loadCsv("poison from the second time on");
  FakeWorker.last.crash();
  const restored = next("restored");
  await v.describe();
  assert.deepEqual(await restored, { restored: ["table-1"], lost: ["table-2"] });
});

test("an error event is a crash too", async () => {
  v = await Vitrine.start();
  const training = v.train({ ...TREE, model: { fake: "wait" } });
  await FakeWorker.last.heard("train");
  FakeWorker.last.onerror({ message: "out of memory" });
  assert.equal(await codeOf(training), "environment.worker_crashed");
});

test("a worker whose lock is free again was ended without a word", async () => {
  const request = mock.fn(async () => {});
  globalThis.navigator.locks = { request };
  v = await Vitrine.start();
  const training = v.train({ ...TREE, model: { fake: "wait" } });
  await FakeWorker.last.heard("train");
  const [name, , whenFree] = request.mock.calls[0].arguments;
  assert.equal(name, FakeWorker.last.name);
  whenFree();
  assert.equal(await codeOf(training), "environment.worker_crashed");
});

test("a worker that never reports for duty is not waited for", async () => {
  FakeWorker.behaviour = "silent";
  mock.timers.enable({ apis: ["setTimeout"] });
  const starting = codeOf(Vitrine.start());
  mock.timers.tick(20_000);
  assert.equal(await starting, "environment.worker_not_started");
});

test("a missing file is named with its status", async () => {
  FakeWorker.behaviour = "broken";
  globalThis.fetch = async (url) => ({ ok: !String(url).endsWith(".wasm"), status: 404 });
  const error = await Vitrine.start().catch((error) => error);
  assert.equal(error.code, "environment.wasm_not_fetched");
  assert.equal(error.args.status, "404");
});

test("a worker of another build or protocol is not talked to", async () => {
  assert.equal(await codeOf(Vitrine.start({ build: "b2" })), "environment.build_mismatch");
  FakeWorker.protocol = 2;
  assert.equal(await codeOf(Vitrine.start()), "environment.build_mismatch");
  FakeWorker.protocol = 1;
  v = await Vitrine.start();
  FakeWorker.build = "b2";
  FakeWorker.last.crash();
  assert.equal(await codeOf(v.describe()), "environment.build_mismatch");
});

test("close ends the workers and every call, and later calls say so", async () => {
  v = await Vitrine.start();
  const training = v.train({ ...TREE, model: { fake: "wait" } });
  await FakeWorker.last.heard("train");
  v.close();
  assert.equal(await codeOf(training), "environment.closed");
  assert.equal(await codeOf(v.describe()), "environment.closed");
  assert.ok(FakeWorker.all.every((worker) => worker.isTerminated));
});

test("imported models keep clear of new ones", async () => {
  v = await Vitrine.start();
  await v.importProject(JSON.stringify({ models: ["model-1", "model-2"] }));
  assert.equal((await v.train(TREE)).id, "model-3");
});

test("webgpu trains as a guest and the model moves to the CPU worker", async () => {
  useGpu({});
  v = await Vitrine.start({ device: "webgpu" });
  assert.equal(v.device.kind, "webgpu");
  const [cpu, gpu] = FakeWorker.all;
  await v.loadCsv("x\n1\n");
  assert.equal(gpu.requests.length, 0);
  const model = await v.train(WATCHED);
  assert.equal(model.device.kind, "webgpu");
  assert.deepEqual(gpu.requests.map(({ type }) => type), ["load_csv", "train", "export", "release"]);
  assert.equal(cpu.requests.at(-1).type, "import_project");
  await v.train(WATCHED);
  assert.equal(gpu.requests.filter(({ type }) => type === "load_csv").length, 1);
  await v.release("table-1");
  await gpu.heard("release", "table-1");
});

test("what descends a gradient on the CPU trains in the tensor worker, which is fetched only then", async () => {
  v = await Vitrine.start();
  await v.loadCsv("x\n1\n");
  await v.train(TREE);
  assert.equal(FakeWorker.all.length, 1);
  const model = await v.train(WATCHED);
  assert.equal(model.device.kind, "cpu");
  const [cpu, tensors] = FakeWorker.all;
  assert.match(tensors.url, /worker-tensors/);
  assert.deepEqual(tensors.requests.map(({ type }) => type), ["load_csv", "train", "export", "release"]);
  assert.ok(cpu.requests.some(({ type }) => type === "import_project"));
});

test("a net is pruned, rounded and given weights in the tensor worker, which is lent it", async () => {
  v = await Vitrine.start();
  await v.loadCsv("x\n1\n");
  const net = await v.train(WATCHED);
  const [cpu, tensors] = FakeWorker.all;
  tensors.requests.length = 0;
  const { model, max_difference } = await v.prune({ model: net.id, sparsity: 0.5 });
  assert.deepEqual([model.id, model.split.train_rows, max_difference], ["model-2", [0], 0]);
  const types = ["import_project", "prune", "release", "export", "release"];
  assert.deepEqual(tensors.requests.map(({ type }) => type), types);
  assert.deepEqual(tensors.requests.filter(({ type }) => type === "release").map(({ id }) => id), [net.id, model.id]);
  assert.equal(cpu.requests.at(-1).type, "import_project");
  assert.equal((await v.quantize({ model: model.id })).model.id, "model-3");
  assert.equal((await v.prune({ model: net.id, sparsity: 0.5, fine_tune_epochs: 0 })).model.id, "model-4");
  assert.equal((await v.importWeights("weights", { model: net.id })).model.bytes, "weights");
  const others = ["quantize", "prune", "import_weights"].flatMap((type) => types.with(1, type));
  assert.deepEqual(tensors.requests.slice(types.length).map(({ type }) => type), others);
  // What was made is held as what was trained is.
  const restored = next("restored");
  cpu.crash();
  await v.describe();
  assert.deepEqual((await restored).lost, []);
  assert.ok((await restored).restored.includes("model-3"));
  // One that fails leaves nothing behind.
  await codeOf(v.prune({ model: net.id, sparsity: 0.5, fake: "fail" }));
  await tensors.heard("release", net.id);
});

test("a net is watched and steered in the tensor worker", async () => {
  v = await Vitrine.start();
  await v.makeToy({ kind: "moons" });
  const controls = {};
  const request = { table: "table-1", target: "class", model: { kind: "mlp", fake: "view" } };
  let training;
  const first = new Promise((resolve) => (training = v.train(request, { controls, onProgress: resolve })));
  // Said before there is a worker: heard when the fit begins.
  controls.pause();
  const { view } = await first;
  controls.step();
  controls.seek(4);
  controls.stop();
  assert.equal((await training).id, "model-1");
  controls.resume();
  const [cpu, tensors] = FakeWorker.all;
  const heard = tensors.requests.filter(({ type }) => type === "control");
  assert.deepEqual(heard.map(({ action }) => action), ["pause", "step", { seek: 4 }, "stop"]);
  const train = tensors.requests.find(({ type }) => type === "train");
  assert.deepEqual(train.watch, {});
  assert.deepEqual(tensors.requests[0], cpu.requests[0]);

  assert.deepEqual(view.layers.map(({ weights, biases }) => [Array.from(weights), Array.from(biases)]), [
    [[0, 1, 2, 3, 4, 5], [6, 7, 8]],
    [[9, 10, 11], [12]],
  ]);
  assert.ok(view.layers[0].weights instanceof Float32Array);
  assert.deepEqual([view.boundary.x, view.boundary.codes[0], view.boundary.probabilities[0]], ["x", 1, 0.75]);
});

test("a paused GPU worker has nothing to say and is not given up", async () => {
  useGpu({});
  v = await Vitrine.start({ device: "webgpu" });
  await v.loadCsv("x\n1\n");
  mock.timers.enable({ apis: ["setTimeout"] });
  const controls = {};
  const training = v.train({ table: "table-1", target: "x", model: { kind: "mlp", fake: "wait" } }, { controls });
  const gpu = FakeWorker.all.find(({ url }) => url.includes("gpu"));
  await gpu.heard("train");
  controls.pause();
  await gpu.heard("control");
  mock.timers.tick(120_000);
  controls.stop();
  assert.equal((await training).device.kind, "webgpu");
});

test("a search with candidates that descend a gradient is the tensor worker's, any other the CPU worker's", async () => {
  v = await Vitrine.start();
  await v.loadCsv("x\n1\n");
  const data = { table: "table-1", target: "y" };
  await v.search({ ...data, model: { kind: "ridge" }, space: { alpha: [1, 2] } });
  assert.equal(FakeWorker.all.length, 1);
  await v.compare({ ...data, models: [TREE.model, WATCHED.model] });
  await v.search({ ...data, model: { kind: "logistic_regression" }, space: { solver: ["lbfgs", "gradient_descent"] } });
  await v.crossValidate({ ...data, model: WATCHED.model }).catch(() => {});
  const [cpu, tensors] = FakeWorker.all;
  assert.deepEqual(cpu.requests.map(({ type }) => type), ["load_csv", "search"]);
  assert.deepEqual(tensors.requests.map(({ type }) => type), ["load_csv", "search", "search", "search"]);
});

test("a tensor worker that dies fails its call only; the next call gets a new one", async () => {
  v = await Vitrine.start();
  await v.loadCsv("x\n1\n");
  assert.equal(await codeOf(v.train({ ...WATCHED, model: { ...WATCHED.model, fake: "crash" } })), "environment.worker_crashed");
  assert.equal((await v.train(WATCHED)).device.kind, "cpu");
  assert.equal(FakeWorker.all.filter(({ url }) => url.includes("tensors")).length, 2);
  assert.equal(FakeWorker.all.filter(({ url }) => url.includes("cpu")).length, 1);
});

test("a tree stays on the CPU, and says why", async () => {
  useGpu({});
  v = await Vitrine.start({ device: "webgpu" });
  const model = await v.train(TREE);
  assert.equal(model.device.kind, "cpu");
  assert.match(model.device.fallback_reason, /64 bits/);
});

test("without an adapter the GPU worker is not fetched, and the CPU says why it answers", async () => {
  for (const gpu of [null, { requestAdapter: async () => null }]) {
    FakeWorker.reset();
    useGpu(gpu);
    v = await Vitrine.start({ device: "webgpu" });
    assert.equal(v.device.kind, "cpu");
    assert.match(v.device.fallback_reason, /WebGPU cannot be used here/);
    const model = await v.train(WATCHED);
    assert.equal(model.device.kind, "cpu");
    assert.match(model.device.fallback_reason, /WebGPU cannot be used here/);
    assert.ok(FakeWorker.all.every(({ url }) => !url.includes("gpu")));
    v.close();
  }
});

test("a failed self-test ends the GPU worker", async () => {
  useGpu({});
  FakeWorker.selfTest = "softmax differs";
  v = await Vitrine.start({ device: "webgpu" });
  assert.match(v.device.fallback_reason, /softmax differs/);
  assert.ok(FakeWorker.all.find(({ url }) => url.includes("gpu")).isTerminated);
});

test("a GPU worker that dies leaves the work to the CPU; the next call tries a new one", async () => {
  useGpu({});
  v = await Vitrine.start({ device: "webgpu" });
  await v.loadCsv("x\n1\n");
  for (const fake of ["gpu crash", "gpu lost"]) {
    const model = await v.train({ ...WATCHED, model: { ...WATCHED.model, fake } });
    assert.equal(model.device.kind, "cpu");
    assert.match(model.device.fallback_reason, /made-up/);
    assert.match(v.device.fallback_reason, /made-up/);
  }
  assert.equal((await v.train(WATCHED)).device.kind, "webgpu");
  assert.equal(v.device.kind, "webgpu");
});

test("a net that is lost on WebGPU goes on from its last checkpoint on the CPU", async () => {
  useGpu({});
  v = await Vitrine.start({ device: "webgpu" });
  await v.loadCsv("x\n1\n");
  for (const losses of [["lost"], ["crash"], ["lost", "crash"]]) {
    FakeWorker.all.forEach((worker) => (worker.requests.length = 0));
    const controls = {};
    const training = v.train({ table: "table-1", target: "y", model: { kind: "mlp", losses } }, { controls });
    controls.pause();
    const model = await training;
    assert.equal(model.device.kind, "cpu");
    assert.match(model.device.fallback_reason, /made-up/);
    const asked = FakeWorker.all.flatMap(({ requests }) => requests);
    const trained = asked.filter(({ type }) => type === "train");
    assert.ok(trained.every(({ checkpoints, id }) => checkpoints && id === model.id));
    const resumed = trained.map(({ device, resume }) => `${device} ${resume}`).sort();
    assert.deepEqual(resumed, [...losses.map(() => "cpu true"), "webgpu undefined"]);
    // Who had paused it finds it paused.
    const actions = asked.filter(({ type }) => type === "control").map(({ action }) => action);
    assert.deepEqual(actions, trained.map(() => "pause"));
  }
});

test("a net whose tensor worker dies goes on in the next one, once", async () => {
  v = await Vitrine.start();
  await v.loadCsv("x\n1\n");
  const model = (losses) => ({ table: "table-1", target: "y", model: { kind: "rnn", losses } });
  assert.equal((await v.train(model(["crash"]))).device.kind, "cpu");
  assert.equal(await codeOf(v.train(model(["crash", "crash"]))), "environment.worker_crashed");
  // What is no net is not written down.
  const linear = { ...WATCHED, model: { ...WATCHED.model, losses: ["crash"] } };
  assert.equal(await codeOf(v.train(linear)), "environment.worker_crashed");
});

test("a GPU worker that falls silent is given up", async () => {
  useGpu({});
  v = await Vitrine.start({ device: "webgpu" });
  await v.loadCsv("x\n1\n");
  mock.timers.enable({ apis: ["setTimeout"] });
  const training = v.train({ ...WATCHED, model: { ...WATCHED.model, fake: "gpu deaf" } });
  await FakeWorker.all.find(({ url }) => url.includes("gpu")).heard("train");
  mock.timers.tick(60_000);
  const model = await training;
  assert.equal(model.device.kind, "cpu");
  assert.match(model.device.fallback_reason, /nothing heard/);
});

test("arguments that make no sense are errors like any other", async () => {
  v = await Vitrine.start();
  assert.equal(await codeOf(v.loadCsv(null)), "request.malformed");
  assert.equal(await codeOf(v.train(TREE, null)), "request.malformed");
  assert.equal(await codeOf(v.readTable("table-1", 7)), "request.malformed");
});

test("auto fetches the GPU worker for large work only", async () => {
  useGpu({});
  v = await Vitrine.start();
  await v.loadCsv("x\n1\n");
  assert.equal((await v.train(WATCHED)).device.kind, "cpu");
  const large = { ...WATCHED, model: { ...WATCHED.model, max_iter: 1e11 } };
  assert.equal((await v.train(large)).device.kind, "webgpu");
  assert.equal((await v.train({ ...large, device: "cpu" })).device.kind, "cpu");
});
