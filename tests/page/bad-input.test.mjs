// Every bad input gets a table or a clear message; nothing hangs, and nothing already there is lost.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { fixture, launch, openVitrine } from "./browser.mjs";

const FIXTURES = JSON.parse(readFileSync(new URL("../fixtures/fixtures.json", import.meta.url), "utf8"));

let browser;
let page;

before(async () => {
  browser = await launch();
  page = await openVitrine(browser);
  await page.evaluate(async () => (globalThis.kept = await v.loadCsv("x,y\n1,a\n2,b\n")));
});

after(() => browser?.close());

/** Loads bytes and gives the table with its rows, or the error. */
async function load(base64) {
  const text = await page.evaluate(async (base64) => {
    try {
      const table = await v.loadCsv(bytesOf(base64));
      const { rows } = await v.readTable(table.id, { start: 0, end: 1000 });
      await v.release(table.id);
      // As text, because on the way out of a page objects lose a property called `__proto__`.
      return JSON.stringify({ table, rows });
    } catch ({ name, code, message, hint }) {
      return JSON.stringify({ error: { name, code, message, hint } });
    }
  }, base64);
  return JSON.parse(text);
}

function assertClear(error) {
  assert.equal(error.name, "VitrineError", error.message);
  assert.match(error.code, /^[a-z]+\.[a-z0-9_]+$/);
  assert.ok(error.message.length > 10 && error.hint.length > 10, JSON.stringify(error));
  assert.doesNotMatch(error.code, /^environment\./, error.message);
}

for (const expected of FIXTURES) {
  test(`${expected.file}: a table or a clear message`, async () => {
    const { table, rows, error } = await load(fixture(expected.file));
    if (expected.fails) return assertClear(error);
    // A note may leave open whether there is a table at all.
    if (error && expected.note) return assertClear(error);
    assert.equal(error, undefined, error?.message);
    for (const field of ["delimiter", "quote", "decimal", "encoding", "has_header", "n_rows"]) {
      if (expected[field] !== undefined) assert.equal(table[field], expected[field], field);
    }
    if (expected.n_columns !== undefined) assert.equal(table.columns.length, expected.n_columns);
    for (const [idx, { name, kind }] of (expected.columns ?? []).entries()) {
      assert.equal(table.columns[idx].name, name);
      if (kind) assert.equal(table.columns[idx].kind, kind, name);
    }
    for (const [name, cells] of Object.entries(expected.values ?? {})) {
      assert.deepEqual(rows.map((row) => row[name]), cells, name);
    }
    if (expected.troubles?.length > 0) assert.notEqual(table.issues.length, 0, "it is reported");
    for (const { message, hint } of table.issues) assert.ok(message && hint);
  });
}

for (const { file, train } of FIXTURES.filter(({ train }) => train)) {
  test(`${file}: training on it ends in a model or a clear message`, async () => {
    const { model, error } = await page.evaluate(async ({ base64, target }) => {
      const table = await v.loadCsv(bytesOf(base64));
      const request = { table: table.id, target, split: { test_fraction: 0 }, model: { kind: "decision_tree" } };
      try {
        return { model: await v.train(request) };
      } catch ({ name, code, message, hint }) {
        return { error: { name, code, message, hint } };
      }
    }, { base64: fixture(file), target: train.target });
    if (error || train.fails) return assertClear(error);
    if (train.n_used !== undefined) assert.equal(model.n_train, train.n_used);
  });
}

test("ten thousand columns are a table", async () => {
  const wide = Array.from({ length: 10_000 }, (_, idx) => `c${idx}`).join(",");
  const text = `${wide}\n${wide.replaceAll("c", "")}\n`;
  const { table } = await load(Buffer.from(text).toString("base64"));
  assert.deepEqual([table.columns.length, table.n_rows], [10_000, 1]);
});

test("one class, one row and a missing target have their own messages", async () => {
  const errors = await page.evaluate(async () => {
    const train = async (text, target) => {
      const { id } = await v.loadCsv(text);
      return errorOf(v.train({ table: id, target, model: { kind: "logistic_regression" } }));
    };
    return {
      oneClass: await train("x,y\n1,a\n2,a\n3,a\n4,a\n", "y"),
      oneRow: await train("x,y\n1,a\n", "y"),
      noTarget: await train("x,y\n1,a\n2,b\n", "z"),
      emptyTarget: await train("x,y\n1,\n2,\n3,\n", "y"),
    };
  });
  for (const error of Object.values(errors)) assertClear(error);
  assert.equal(errors.noTarget.place.column ?? errors.noTarget.place.field, "z");
});

test("a project file that is truncated, random or from a newer version is refused and changes nothing", async () => {
  const errors = await page.evaluate(async () => {
    const table = await v.loadCsv(await csv("/samples/iris.csv"));
    const model = await v.train({ table: table.id, target: "species", model: { kind: "decision_tree" } });
    const bytes = await v.exportModel(model.id, "project", { include_data: true });
    const refused = {};
    for (const share of [0, 0.01, 0.5, 0.99]) {
      refused[`first ${share}`] = await errorOf(v.importProject(bytes.slice(0, Math.floor(bytes.length * share))));
    }
    let state = 1;
    const random = Uint8Array.from({ length: 5000 }, () => (state = (state * 48271) % 2147483647) & 255);
    refused.random = await errorOf(v.importProject(random));
    refused.text = await errorOf(v.importProject("hello"));
    let n_survived = 0;
    for (let idx = 0; idx < bytes.length; idx += Math.ceil(bytes.length / 60)) {
      const flipped = bytes.slice();
      flipped[idx] ^= 0x55;
      if (!(await errorOf(v.importProject(flipped)))) n_survived += 1;
    }
    const again = await v.predict(model.id, { rows: [{ petal_length: 1.4, petal_width: 0.2 }] });
    return { refused, n_survived, prediction: again.predictions[0] };
  });
  for (const error of Object.values(errors.refused)) assertClear(error);
  assert.equal(errors.n_survived, 0, "a changed byte is noticed");
  assert.equal(errors.prediction, "setosa");
});

test("what was loaded before all this is still there", async () => {
  const { rows } = await page.evaluate(() => v.readTable(kept.id));
  assert.deepEqual(rows, [{ x: 1, y: "a" }, { x: 2, y: "b" }]);
});

test("the console stayed quiet and nothing left the origin", () => {
  assert.deepEqual(page.troubles, []);
  assert.deepEqual(page.strayRequests, []);
});
