// The thread that reads Blobs ahead of the engine: the right bytes, whatever is asked for in whatever order.

import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { launch, open } from "./browser.mjs";

let browser;
let page;

before(async () => {
  browser = await launch();
  page = await open(browser);
  await page.evaluate(async () => {
    const reader = new Worker("/worker-reader.js");
    const waiting = new Map();
    const ready = new Promise((resolve) => waiting.set(null, resolve));
    reader.onmessage = ({ data }) => waiting.get(data.id)(data.memory);
    await ready;
    let lastId = 0;
    /** Bytes of a source as the thread answers. */
    const ask = (source, blob, start, end) =>
      new Promise((resolve) => {
        waiting.set(++lastId, resolve);
        reader.postMessage({ id: lastId, source, blob, start, end });
      });
    /** Each byte follows from its place, with a period that is no power of two. */
    const bytesOf = (n, seed) => Uint8Array.from({ length: n }, (_, at) => (at * 31 + (at >> 8) + seed) % 251);
    const isPart = (memory, bytes, start, end) => {
      const got = new Uint8Array(memory);
      const wanted = bytes.subarray(start, start + got.length);
      return got.length > 0 && start + got.length <= end && got.every((byte, at) => byte === wanted[at]);
    };
    Object.assign(globalThis, { ask, bytesOf, isPart });
  });
});

after(() => browser?.close());

test("a file comes in order, in pieces no longer than was asked for", async () => {
  const read = await page.evaluate(async () => {
    const bytes = bytesOf(9_000_001, 1);
    const blob = new Blob([bytes]);
    const outcomes = [];
    for (const [source, most] of [[1, 4 << 20], [2, 100_000], [3, 1_234_567]]) {
      let [at, areRight] = [0, true];
      while (at < bytes.length) {
        const end = Math.min(at + most, bytes.length);
        const memory = await ask(source, blob, at, end);
        areRight &&= isPart(memory, bytes, at, end);
        at += memory.byteLength;
      }
      outcomes.push([at, areRight]);
    }
    return outcomes;
  });
  assert.deepEqual(read, Array(3).fill([9_000_001, true]));
});

test("jumps and turns between files are answered with the bytes that were asked for", async () => {
  const areRight = await page.evaluate(async () => {
    const files = [bytesOf(5_000_000, 3), bytesOf(5_000_000, 7)];
    const blobs = files.map((bytes) => new Blob([bytes]));
    const asked = [[0, 0], [1, 0], [0, 3_000_000], [0, 10], [1, 4_999_999], [1, 2_500_000], [0, 4_000_000]];
    // All at once: the answers come in the order of the questions.
    const answers = await Promise.all(asked.map(([which, start]) => ask(10 + which, blobs[which], start, 5_000_000)));
    return answers.map((memory, idx) => isPart(memory, files[asked[idx][0]], asked[idx][1], 5_000_000));
  });
  assert.deepEqual(areRight, Array(7).fill(true));
});

test("what is not there is answered with nothing, and the next question goes well", async () => {
  const outcomes = await page.evaluate(async () => {
    const bytes = bytesOf(100_000, 5);
    const blob = new Blob([bytes]);
    return [await ask(20, blob, 100_000, 200_000), await ask(21, null, 0, 10), isPart(await ask(20, blob, 50, 100_000), bytes, 50, 100_000)];
  });
  assert.deepEqual(outcomes, [null, null, true]);
});

test("a file that is written over while it is read is not taken for whole", async () => {
  const folder = await mkdtemp(join(tmpdir(), "vitrine-reader-"));
  try {
    const path = join(folder, "table.csv");
    await writeFile(path, Buffer.alloc(6_000_000, "a,b\n"));
    await page.evaluate(() => {
      const input = Object.assign(document.createElement("input"), { type: "file", id: "changing" });
      document.body.append(input);
    });
    await page.setInputFiles("#changing", path);
    /** Reads on from `at`: where that came to, and whether all of it was answered. */
    const readFrom = (at, end) =>
      page.evaluate(async ([at, end]) => {
        const [file] = document.querySelector("#changing").files;
        while (at < end) {
          const memory = await ask(30, file, at, file.size);
          if (!memory) return [at, false];
          at += memory.byteLength;
        }
        return [at, true];
      }, [at, end]);
    assert.deepEqual(await readFrom(0, 6_000_000), [6_000_000, true]);
    const [at, isAnswered] = await readFrom(0, 1);
    assert.ok(isAnswered && at < 6_000_000, `${at} bytes at once`);
    // As many bytes, and another time of writing, whatever the clock's grain.
    await writeFile(path, Buffer.alloc(6_000_000, "c,d\n"));
    const later = new Date(Date.now() + 60_000);
    await utimes(path, later, later);
    assert.equal((await readFrom(at, 6_000_000))[1], false);
  } finally {
    await rm(folder, { recursive: true });
  }
});
