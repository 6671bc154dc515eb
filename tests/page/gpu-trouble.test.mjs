// What a GPU can do to a fit, with a real GPU worker: a device that is lost, memory that is not there, bindings above the
// limit, commands that are refused. Nothing is lost by any of it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { launch, open, WITHOUT_GPU_WORKER } from "./browser.mjs";

/** How long a fit may take until it has ended elsewhere, on a machine that builds something else meanwhile. */
const ENDS_WITHIN_MILLIS = 90_000;

/**
 * Runs in a GPU worker before its module does: what the page says on a channel happens to the device. All of it goes
 * through the browser's own objects, so that wgpu hears what a browser says.
 */
function hook({ limit = Infinity, isTold = true, refuses = false }) {
  const channel = new BroadcastChannel("gpu-trouble");
  const { requestDevice } = GPUAdapter.prototype;
  const { createBuffer, createBindGroup } = GPUDevice.prototype;
  let device = null;
  /** What happens at the next call it can happen to. */
  let armed = null;
  const fires = (what) => {
    if (armed !== what) return false;
    armed = null;
    channel.postMessage(what);
    return true;
  };
  const dispatch = (error) => device.dispatchEvent(new GPUUncapturedErrorEvent("uncapturederror", { error }));
  GPUAdapter.prototype.requestDevice = async function (...args) {
    if (refuses) throw new DOMException("a made-up refusal", "OperationError");
    return (device = await requestDevice.apply(this, args));
  };
  GPUDevice.prototype.createBuffer = function (descriptor) {
    if (fires("createBuffer throws")) throw new RangeError("createBuffer failed, size is too large for the implementation");
    if (!fires("no memory for a buffer")) return createBuffer.call(this, descriptor);
    // A buffer that is not valid, and an error later: so WebGPU says that there is no memory.
    setTimeout(() => dispatch(new GPUOutOfMemoryError("a made-up lack of memory")));
    this.pushErrorScope("validation");
    const buffer = createBuffer.call(this, { size: descriptor.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE });
    this.popErrorScope();
    return buffer;
  };
  GPUDevice.prototype.createBindGroup = function (descriptor) {
    const size = ({ resource }) => resource.size ?? resource.buffer?.size - (resource.offset ?? 0);
    const isAbove = descriptor.entries.some((entry) => size(entry) > limit);
    if (isAbove) channel.postMessage("above the limit");
    return createBindGroup.call(this, isAbove || fires("bindings refused") ? { ...descriptor, entries: [] } : descriptor);
  };
  if (limit < Infinity && isTold) {
    // A browser gives each device at least 128 MiB, which no net needs: a smaller limit is told, and kept above.
    for (const { prototype } of [GPUAdapter, GPUDevice]) {
      const { get } = Object.getOwnPropertyDescriptor(prototype, "limits");
      const told = (limits) => new Proxy(limits, { get: (_, name) => (name === "maxStorageBufferBindingSize" ? limit : limits[name]) });
      Object.defineProperty(prototype, "limits", { get() { return told(get.call(this)); }, configurable: true });
    }
  }
  const happens = {
    "device destroyed": () => device.destroy(),
    "out of memory": () => dispatch(new GPUOutOfMemoryError("a made-up lack of memory")),
    "internal error": () => dispatch(new GPUInternalError("a made-up internal error")),
    "pipeline refused": () => {
      const module = device.createShaderModule({ code: "this is no shader" });
      device.createComputePipeline({ layout: "auto", compute: { module, entryPoint: "main" } });
    },
  };
  channel.onmessage = ({ data }) => {
    if (!happens[data]) return void (armed = data);
    happens[data]();
    channel.postMessage(data);
  };
}

/**
 * Opens a page with a Vitrine on WebGPU whose GPU workers are hooked, with a table and a tree from before the trouble.
 * `page.gpu`, what the hook is given, holds for workers from then on.
 */
async function openHooked(browser, gpu = {}) {
  const page = await open(browser);
  page.gpu = gpu;
  await page.context().route("**/worker-gpu_loader.js", async (route) => {
    const response = await route.fetch();
    const { limit, isTold = true, refuses = false } = page.gpu;
    const given = `{ limit: ${limit}, isTold: ${isTold}, refuses: ${refuses} }`;
    await route.fulfill({ response, body: `(${hook})(${given});\n${await response.text()}` });
  });
  await page.evaluate(async (withinMillis) => {
    const channel = new BroadcastChannel("gpu-trouble");
    const seen = { heard: [], events: [], gpuCheckpoints: 0 };
    channel.onmessage = ({ data }) => seen.heard.push(data);
    globalThis.Worker = class extends Worker {
      constructor(url, options) {
        super(url, options);
        if (!String(url).includes("worker-gpu")) return;
        this.addEventListener("message", ({ data }) => void (seen.gpuCheckpoints += data.buffers?.checkpoint ? 1 : 0));
      }
    };
    const { Vitrine } = await import("/vitrine.js");
    const v = await Vitrine.start({ device: "webgpu" });
    for (const type of ["crash", "restored", "device"]) v.addEventListener(type, () => seen.events.push(type));
    const { id: table } = await v.makeToy({ kind: "spiral", n_rows: 400, seed: 1 });
    const tree = await v.train({ table, target: "class", model: { kind: "decision_tree" } });
    const treeSays = async () => JSON.stringify([await v.predict(tree.id, { table }), (await v.readTable(table)).rows]);
    const before = await treeSays();
    const waited = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
    const until = async (is, what) => {
      const start = performance.now();
      while (!is()) {
        if (performance.now() - start > withinMillis) throw new Error(`${what} does not come`);
        await waited(5);
      }
    };
    const net = { kind: "mlp", hidden_layer_sizes: [32, 32], max_iter: 1000, batch_size: 100, tol: 0, n_iter_no_change: 100_000 };
    const request = { table, target: "class", model: net, seed: 3 };
    Object.assign(globalThis, {
      v, seen, waited, until, net, request,
      happen: (what) => channel.postMessage(what),
      /** The end of a call, or that it has none. */
      ended: (promise) => Promise.race([promise, waited(withinMillis).then(() => Promise.reject(new Error("the call hangs")))]),
      /** What of a net can be compared, and whether what was there before it still is. */
      told: async ({ id, device, history, issues }) => ({
        kind: device.kind,
        why: device.fallback_reason,
        epochs: history.map(({ epoch }) => epoch),
        losses: history.map(({ train_loss }) => train_loss),
        resumed: issues.filter(({ code }) => code === "resumed").map(({ args }) => Number(args.epoch)),
        n_answers: (await v.predict(id, { table })).predictions.length,
        isTreeWhole: (await treeSays()) === before,
      }),
      /** Trains a net, in the midst of which something happens: `when` is asked again and again. */
      trainAmid: async (what, when, model = net) => {
        Object.assign(seen, { heard: [], events: [], gpuCheckpoints: 0 });
        const at = { epoch: 0 };
        const training = v.train({ ...request, model }, { onProgress: ({ epoch }) => void (at.epoch = epoch) });
        training.catch(() => {});
        await until(() => when(at), "the moment");
        happen(what);
        const model_ = await ended(training);
        return { ...(await told(model_)), heard: seen.heard, events: seen.events, isTold: v.device.fallback_reason !== null };
      },
    });
  }, ENDS_WITHIN_MILLIS);
  return page;
}

/** Fails unless the losses are those of the whole fit on the CPU, as far as f32 sums in another order allow. */
function assertSameLosses(losses, whole) {
  assert.equal(losses.length, whole.length);
  losses.forEach((loss, idx) => assert.ok(Math.abs(loss / whole[idx] - 1) < 1e-3, `epoch ${idx + 1}: ${loss}, on the CPU ${whole[idx]}`));
}

/** Of an error that wgpu has no answer to, the GPU worker's panic is on the console; of everything else nothing is. */
function assertOnlyPanics(page, are = true) {
  assert.deepEqual(page.troubles.filter((text) => !are || !text.startsWith("panicked at")), []);
  page.troubles.length = 0;
}

describe("with a GPU in trouble", { skip: WITHOUT_GPU_WORKER && "this build has no GPU worker" }, () => {
  let browser;
  let page;
  let whole;
  before(async () => {
    browser = await launch({ gpu: true });
    page = await openHooked(browser);
    whole = await page.evaluate(async () => told(await v.train({ ...request, device: "cpu" })));
  });
  after(() => browser?.close());

  // Each of these tests finds a new GPU worker: the first call after a trouble starts one.
  const TROUBLES = [
    ["device destroyed", /stopped answering/],
    ["out of memory", /Out of Memory/],
    ["no memory for a buffer", /Out of Memory|invalid/],
    ["createBuffer throws", /createBuffer failed/],
    ["pipeline refused", /this is no shader/],
    ["bindings refused", /Number of entries|invalid/],
    ["internal error", /worker stopped/],
  ];

  for (const [what, why] of TROUBLES) {
    test(`${what}: a net goes on from its last checkpoint on the CPU`, async () => {
      const net = await page.evaluate((what) => trainAmid(what, () => seen.gpuCheckpoints > 0), what);
      assert.deepEqual(net.heard, [what]);
      assert.equal(net.kind, "cpu");
      assert.match(net.why, why);
      assert.ok(net.resumed.length === 1 && net.resumed[0] > 0, `${net.resumed}`);
      assert.deepEqual(net.epochs, whole.epochs);
      assertSameLosses(net.losses, whole.losses);
      assert.ok(net.isTreeWhole && net.n_answers === 400);
      assert.ok(net.isTold && net.events.includes("device") && !net.events.includes("restored"), `${net.events}`);
      assertOnlyPanics(page, what !== "device destroyed");
    });
  }

  for (const what of ["device destroyed", "bindings refused"]) {
    test(`${what}, and no checkpoint yet: a net begins again on the CPU`, async () => {
      const net = await page.evaluate((what) => trainAmid(what, ({ epoch }) => epoch >= 1), what);
      assert.deepEqual([net.heard, net.kind, net.resumed], [[what], "cpu", []]);
      assert.deepEqual([net.epochs, net.losses], [whole.epochs, whole.losses]);
      assert.ok(net.isTreeWhole);
      assertOnlyPanics(page, what !== "device destroyed");
    });
  }

  test("a device lost between two calls: the next one is done on the CPU, the one after it on WebGPU", async () => {
    const kinds = await page.evaluate(async () => {
      const short = { ...request, model: { ...net, max_iter: 3 } };
      const kinds = [(await v.train(short)).device.kind];
      seen.heard = [];
      happen("device destroyed");
      await until(() => seen.heard.length > 0, "the loss");
      for (let n = 0; n < 2; n += 1) kinds.push((await ended(v.train(short))).device.kind);
      return kinds;
    });
    assert.deepEqual(kinds, ["webgpu", "cpu", "webgpu"]);
    assertOnlyPanics(page, false);
  });

  for (const what of ["device destroyed", "out of memory"]) {
    test(`${what} while a net is held: it stays held, and goes on from there on the CPU`, async () => {
      const { moved, net } = await page.evaluate(async (what) => {
        Object.assign(seen, { heard: [], events: [], gpuCheckpoints: 0 });
        const controls = {};
        let n_told = 0;
        const training = v.train(request, { controls, onProgress: () => void (n_told += 1) });
        await until(() => seen.gpuCheckpoints > 0, "a checkpoint");
        controls.pause();
        await waited(500);
        const held = n_told;
        let isOver = false;
        training.finally(() => (isOver = true)).catch(() => {});
        happen(what);
        await waited(3000);
        const moved = [isOver, n_told - held];
        controls.resume();
        return { moved, net: await told(await ended(training)) };
      }, what);
      assert.equal(moved[0], false);
      // What is held in another worker tells where it is.
      assert.ok(moved[1] <= 3, `${moved[1]} steps while held`);
      assert.ok(net.kind === "cpu" && net.resumed[0] > 0, JSON.stringify(net.resumed));
      assertSameLosses(net.losses, whole.losses);
      assertOnlyPanics(page, what !== "device destroyed");
    });
  }

  test("two nets that wait for the same device both end on the CPU", async () => {
    const nets = await page.evaluate(async () => {
      seen.gpuCheckpoints = 0;
      const trainings = [v.train(request), v.train({ ...request, seed: 4 })];
      await until(() => seen.gpuCheckpoints > 0, "a checkpoint");
      happen("device destroyed");
      return Promise.all(trainings.map(async (training) => told(await ended(training))));
    });
    assert.deepEqual(nets.map(({ kind, epochs }) => [kind, epochs.length]), [["cpu", 1000], ["cpu", 1000]]);
    assert.deepEqual([nets[0].resumed.length, nets[1].resumed.length], [1, 0]);
    assertOnlyPanics(page, false);
  });

  test("a cancel amid the loss is a cancel, and what was there stays", async () => {
    const { code, millis, kind } = await page.evaluate(async () => {
      seen.gpuCheckpoints = 0;
      const stop = new AbortController();
      const training = v.train(request, { signal: stop.signal });
      await until(() => seen.gpuCheckpoints > 0, "a checkpoint");
      happen("device destroyed");
      const start = performance.now();
      stop.abort();
      const { code } = await ended(training.then(() => ({}), (error) => error));
      const millis = performance.now() - start;
      return { code, millis, kind: (await ended(v.train({ ...request, model: { ...net, max_iter: 3 } }))).device.kind };
    });
    assert.equal(code, "cancelled");
    assert.ok(millis <= 200, `${millis} ms`);
    assert.ok(["cpu", "webgpu"].includes(kind));
    assertOnlyPanics(page, false);
  });

  test("a linear model, and a net that is pruned, end on the CPU too", async () => {
    const kinds = await page.evaluate(async () => {
      const amid = async (start) => {
        let n_told = 0;
        const call = start({ onProgress: () => void (n_told += 1) });
        await until(() => n_told > 2, "progress");
        happen("device destroyed");
        const { model, device } = await ended(call);
        return (model?.device ?? device).kind;
      };
      const linear = { kind: "logistic_regression", solver: "gradient_descent", max_iter: 400, tol: 0 };
      const ofLinear = await amid((calling) => v.train({ ...request, model: linear }, calling));
      const { id } = await v.train({ ...request, model: { ...net, max_iter: 3 } });
      return [ofLinear, await amid((calling) => v.prune({ model: id, sparsity: 0.5, fine_tune_epochs: 200, device: "webgpu" }, calling))];
    });
    assert.deepEqual(kinds, ["cpu", "cpu"]);
    assertOnlyPanics(page, false);
  });

  test("a profile says that the device was lost, and the next one has a new device", async () => {
    const codes = await page.evaluate(async () => {
      const profile = () => ended(v.profile({ ...request, device: "webgpu" }).then(({ device }) => device.kind, ({ code }) => code));
      const codes = [await profile()];
      seen.heard = [];
      happen("device destroyed");
      await until(() => seen.heard.length > 0, "the loss");
      return [...codes, await profile(), await profile()];
    });
    assert.deepEqual(codes, ["webgpu", "environment.device_lost", "webgpu"]);
  });

  for (const isTold of [true, false]) {
    test(`weights above the limit of a binding, which the adapter ${isTold ? "tells" : "does not tell"}, are learned on the CPU`, async () => {
      const page = await openHooked(browser, { limit: 2 ** 20, isTold });
      const { large, small, heard } = await page.evaluate(async () => {
        const of = async (hidden_layer_sizes) => told(await ended(v.train({ ...request, model: { ...net, hidden_layer_sizes, max_iter: 2 } })));
        const large = await of([1024, 512]);
        return { large, small: await of([8]), heard: seen.heard };
      });
      assert.deepEqual([large.kind, large.epochs, large.isTreeWhole], ["cpu", [1, 2], true]);
      if (isTold) assert.match(large.why, /can't allocate/);
      else assert.ok(heard.includes("above the limit"));
      if (isTold) assert.equal(small.kind, "webgpu", "what fits is still learned on WebGPU");
      assert.ok(small.isTreeWhole);
      assertOnlyPanics(page, !isTold);
      await page.context().close();
    });
  }

  test("no device in the place of the lost one: the CPU goes on, for good", async () => {
    const page = await openHooked(browser);
    page.gpu = { refuses: true };
    const nets = await page.evaluate(async () => {
      const nets = [await trainAmid("device destroyed", () => seen.gpuCheckpoints > 0)];
      for (let n = 0; n < 2; n += 1) nets.push(await told(await ended(v.train({ ...request, model: { ...net, max_iter: 3 } }))));
      return nets;
    });
    assert.deepEqual(nets.map(({ kind, isTreeWhole }) => [kind, isTreeWhole]), [["cpu", true], ["cpu", true], ["cpu", true]]);
    assert.ok(nets[0].resumed[0] > 0);
    nets.forEach(({ why }) => assert.ok(why));
    assertOnlyPanics(page, false);
    await page.context().close();
  });

  test("nothing left the origin", () => assert.deepEqual(page.strayRequests, []));
});
