// What a first visit transfers, compressed as a host would.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { DIST, WITHOUT_GPU_WORKER } from "./browser.mjs";

/** Budgets in bytes. */
const PAGE = 400_000;
const PAGE_WITH_ITS_PARTS = 600_000;
const WORKER_CPU = 1_200_000;
/** Burn's autodiff, with what nets of layers need of it: fetched by who descends a gradient. */
const WORKER_TENSORS = 1_900_000;
const WORKER_GPU = 4_000_000;

const sizeOf = (files) => files.reduce((sum, file) => sum + gzipSync(readFileSync(join(DIST, file)), { level: 9 }).length, 0);
const files = readdirSync(DIST);
const ofWorker = (kind) => files.filter((file) => file.startsWith(`worker-${kind}`) && /\.(js|wasm)$/.test(file));
const styles = readdirSync(join(DIST, "style")).map((file) => join("style", file));
const withParts = [...files, ...styles].filter((file) => !file.startsWith("worker-") && /\.(html|css|js|wasm)$/.test(file));
/** Views that are fetched when somebody has begun to work. */
const isPart = (file) => /^(split|chunk)_.*\.wasm$/.test(file);
const ofPage = withParts.filter((file) => !isPart(file));

test("the page is at most 400 KB", () => assert.ok(sizeOf(ofPage) <= PAGE, `${sizeOf(ofPage)} bytes in ${ofPage.join(", ")}`));

test("the page with all its views is at most 600 KB", () => {
  assert.ok(withParts.some(isPart), "no part was cut off the page");
  assert.ok(sizeOf(withParts) <= PAGE_WITH_ITS_PARTS, `${sizeOf(withParts)} bytes in ${withParts.join(", ")}`);
});

// `www/src/format.rs` has the browser do it: 10 KB less. A panic's place tells whether Rust's own way is there.
test("the page leaves the digits of numbers to the browser", () => {
  const found = withParts.filter((file) => file.endsWith(".wasm") && readFileSync(join(DIST, file)).includes("flt2dec"));
  assert.deepEqual(found, [], "an f64 is written by `{}`, `{:?}` or `to_string`: use format::Short, typed, number or fixed");
});

test("the CPU worker is at most 1.2 MB", () => {
  assert.ok(ofWorker("cpu").length >= 2);
  assert.ok(sizeOf(ofWorker("cpu")) <= WORKER_CPU, `${sizeOf(ofWorker("cpu"))} bytes`);
});

test("the tensor worker, fetched when it is needed, is at most 1.9 MB", () => {
  assert.ok(ofWorker("tensors").length >= 2);
  assert.ok(sizeOf(ofWorker("tensors")) <= WORKER_TENSORS, `${sizeOf(ofWorker("tensors"))} bytes`);
});

test("the GPU worker is at most 4 MB", { skip: WITHOUT_GPU_WORKER && "this build has no GPU worker" }, () => {
  assert.ok(ofWorker("gpu").length >= 2);
  assert.ok(sizeOf(ofWorker("gpu")) <= WORKER_GPU, `${sizeOf(ofWorker("gpu"))} bytes`);
});
