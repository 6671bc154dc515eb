// A person's way through the page: both languages, by keyboard alone, with an eye on barriers.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

import { assertNoBarriers, launch, open } from "./browser.mjs";

/** More stops of the Tab key than any view has. */
const TAB_LIMIT = 250;

/** What a newcomer's first model may take, on a machine that does nothing else. */
const FIRST_MODEL_WITHIN_MILLIS = 10_000;

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

const by = (page, testid) => page.getByTestId(testid);
const fixturePath = (path) => fileURLToPath(new URL(`../fixtures/${path}`, import.meta.url));

/** Opens the page in a language and waits for the engine. */
async function openPage(lang, options = {}) {
  const page = await open(browser, { path: `/#lang=${lang}`, viewport: { width: 1280, height: 720 }, acceptDownloads: true, ...options });
  await by(page, "sample-iris").and(page.locator(":enabled")).waitFor();
  return page;
}

/** Goes to an element with the Tab key and presses Enter, as somebody without a mouse. */
async function pressOn(page, testid) {
  await by(page, testid).and(page.locator(":enabled")).waitFor();
  for (let n_tabs = 0; n_tabs < TAB_LIMIT; n_tabs += 1) {
    const here = await page.evaluate(() => document.activeElement?.dataset.testid);
    if (here === testid) return page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
  }
  assert.fail(`the Tab key never comes to ${testid}`);
}

/** Goes along the rail with the arrow keys. */
async function railTo(page, stage) {
  await page.locator("[role=tab][aria-selected=true]").focus();
  for (let n_steps = 0; n_steps < 7; n_steps += 1) {
    const here = await page.evaluate(() => document.activeElement?.id);
    if (here === `tab-${stage}`) return;
    await page.keyboard.press("ArrowDown");
  }
  assert.fail(`the arrow keys never come to ${stage}`);
}

for (const [lang, tag] of [["en", "en"], ["zh", "zh-CN"]]) {
  test(`${tag}: from the sample to a saved project by keyboard alone, without barriers`, async () => {
    const page = await openPage(lang);
    assert.equal(await page.evaluate(() => document.documentElement.lang), tag);
    const heading = await page.locator("h1").first().innerText();
    assert.equal(/\p{Script=Han}/u.test(heading), lang === "zh", heading);
    await assertNoBarriers(page, "the welcome");

    await pressOn(page, "sample-iris");
    await by(page, "grid").waitFor();
    await page.locator("[data-testid=grid] td:not(.waiting)").first().waitFor();
    await assertNoBarriers(page, "the table");

    await pressOn(page, "go-train");
    await pressOn(page, "train");
    await by(page, "result").waitFor();
    await assertNoBarriers(page, "the result");

    await pressOn(page, "go-explain");
    await by(page, "tree").waitFor();
    await pressOn(page, "first-row");
    await page.waitForFunction(() => /petal/.test(document.querySelector("[data-testid=sentence]")?.textContent ?? ""));
    await assertNoBarriers(page, "the explanation");

    await railTo(page, "predict");
    await by(page, "answer-words").waitFor();
    assert.match(await by(page, "answer-words").innerText(), /setosa|versicolor|virginica/);
    await assertNoBarriers(page, "the prediction");

    for (const stage of ["prepare", "evaluate"]) {
      await railTo(page, stage);
      await page.waitForFunction((stage) => document.getElementById(`tab-${stage}`).ariaSelected === "true", stage);
      await assertNoBarriers(page, stage);
    }

    await railTo(page, "export");
    const download = page.waitForEvent("download");
    await pressOn(page, "export");
    assert.match((await download).suggestedFilename(), /\.vitrine$/);
    await assertNoBarriers(page, "the export");

    assert.deepEqual(page.troubles, []);
    assert.deepEqual(page.strayRequests, []);
  });
}

test("a newcomer has a model after three clicks and within ten seconds", async () => {
  const page = await openPage("en");
  const start = performance.now();
  for (const testid of ["sample-iris", "go-train", "train"]) await by(page, testid).click();
  await by(page, "result").waitFor();
  const millis = performance.now() - start;
  assert.ok(millis < FIRST_MODEL_WITHIN_MILLIS, `${millis} ms`);
});

test("models are compared on the same folds, the best is marked, and one of them can be trained", async () => {
  const page = await openPage("en");
  await by(page, "sample-iris").click();
  await by(page, "go-train").click();
  await page.locator("[data-testid=way] button").nth(1).click();
  await by(page, "train").click();
  await by(page, "found").waitFor();
  const rows = page.locator("[data-testid=found] tbody tr");
  assert.ok((await rows.count()) >= 5);
  assert.equal(await page.locator("[data-testid=found] tr.selected").count(), 1);
  await page.locator("[data-testid=found] th button").nth(1).click();
  assert.equal(await page.locator("[data-testid=found] th[aria-sort=ascending]").count(), 1);
  await assertNoBarriers(page, "the comparison");
  await by(page, "train-best").click();
  await by(page, "result").waitFor();
  assert.deepEqual(page.troubles, []);
});

test("learning rates are tried out, and the one suggested becomes the plan's", async () => {
  const page = await openPage("en");
  await pressOn(page, "paint");
  await pressOn(page, "toy-moons");
  await page.locator("[data-testid=grid] td:not(.waiting)").first().waitFor();
  await railTo(page, "train");
  await by(page, "model-mlp").click();
  await pressOn(page, "try-rates");
  await by(page, "use-rate").waitFor();
  await assertNoBarriers(page, "learning rates");
  const suggested = /[\d.]+/.exec(await by(page, "use-rate").innerText())[0];
  await by(page, "use-rate").click();
  assert.equal(await page.locator("#param-learning_rate_init").inputValue(), suggested);
  await by(page, "model-decision_tree").click();
  assert.equal(await by(page, "try-rates").count(), 0, "a tree has none");
  assert.deepEqual(page.troubles, []);
});

for (const lang of ["en", "zh"]) {
  test(`${lang}: a net is watched while it learns, held, taken back and kept`, async () => {
    const page = await openPage(lang);
    await pressOn(page, "paint");
    await pressOn(page, "toy-moons");
    await page.locator("[data-testid=grid] td:not(.waiting)").first().waitFor();
    await railTo(page, "train");
    await by(page, "model-mlp").waitFor();
    await by(page, "model-mlp").click();
    await page.locator("#param-hidden_layer_sizes").fill("6, 4");
    await pressOn(page, "train");
    await by(page, "result").waitFor();
    await pressOn(page, "watch-slowly");
    const live = by(page, "live");
    await live.waitFor();
    const epoch = async () => Number(/\d+/.exec(await page.locator(".live-back span").innerText())[0]);
    const whenEpoch = (is) => page.waitForFunction(is, undefined, { polling: 20 });
    await whenEpoch(() => Number(/\d+/.exec(document.querySelector(".live-back span")?.innerText)?.[0]) > 3);
    await by(page, "hold").click();
    await page.waitForTimeout(300);
    const held = await epoch();
    assert.ok(held > 3 && held < 200, `held in epoch ${held}`);
    // Two inputs, six and four units, one output; no weight of a net that has learned a little is 0.
    assert.equal(await live.locator("[data-testid=figure-net] .unit").count(), 2 + 6 + 4 + 1);
    assert.ok((await live.locator("[data-testid=plane] .regions rect").count()) > 40, "the plane is coloured");
    assert.ok((await live.locator("[data-testid=figure-net] .unit rect").count()) > 100, "units show what they answer");
    assert.equal(await live.locator("[data-testid=live-confusion] [data-cell]").count(), 4, "what is taken for what, now");
    assert.ok((await live.locator("[data-testid=figure-scores] polyline").count()) >= 1, "how good it was so far");
    await assertNoBarriers(page, "a net while it learns");
    await page.waitForTimeout(300);
    assert.equal(await epoch(), held, "a net that is held does not go on");
    await by(page, "back").fill("1");
    await whenEpoch(() => Number(/\d+/.exec(document.querySelector(".live-back span").innerText)[0]) <= 1);
    await by(page, "hold").click();
    await whenEpoch(() => Number(/\d+/.exec(document.querySelector(".live-back span").innerText)[0]) > 2);
    await by(page, "keep").click();
    await by(page, "result").waitFor();
    await assertNoBarriers(page, "the net that was kept");
    assert.deepEqual(page.troubles, []);
  });
}

for (const [lang, viewport] of [["en", { width: 1280, height: 720 }], ["zh", { width: 390, height: 844 }]]) {
  test(`${lang}: what a net takes is shown: time by operation, memory, and bytes by precision`, async () => {
    const page = await openPage(lang, { viewport });
    await pressOn(page, "sample-iris");
    await page.locator("[data-testid=grid] td:not(.waiting)").first().waitFor();
    await page.locator("#tab-train").click();
    await by(page, "model-mlp").click();
    await by(page, "profile").click();
    const profile = by(page, "profile-table");
    await profile.locator("tfoot td").first().waitFor();
    // Two layers: there, their loss, and back; and the optimiser.
    assert.ok((await profile.locator("tbody tr").count()) >= 5, "each operation has its row");
    assert.ok(Number(await profile.locator("tfoot td").first().innerText()) > 0, "a step takes time");
    // Without WebGPU there is nothing to compare with, and the page says so.
    await page.locator("[data-testid=halves]:enabled").click();
    await by(page, "halves-none").waitFor();
    await assertNoBarriers(page, "where a step's time goes");
    const memory = page.locator("[data-testid=memory] > summary");
    await memory.click();
    await page.locator(".memory-panel h3").nth(1).waitFor();
    await assertNoBarriers(page, "what takes memory");
    await memory.click();
    await page.locator(".memory-panel").waitFor({ state: "hidden" });
    await by(page, "train").click();
    await by(page, "result").waitFor();
    await page.locator("#tab-export").click();
    await by(page, "precisions").click();
    const precisions = by(page, "precisions-table");
    await page.waitForFunction(() => document.querySelectorAll("[data-testid=precisions-table] thead th").length === 6);
    const bytes = await precisions.locator("tbody tr").first().locator("td").allInnerTexts();
    const n_bytes = bytes.map((text) => parseFloat(text) * (/KB/.test(text) ? 1000 : 1));
    assert.ok(n_bytes[1] < 0.75 * n_bytes[0] && n_bytes[2] < n_bytes[1], `${bytes}`);
    await assertNoBarriers(page, "bytes by precision");
    assert.deepEqual(page.troubles, []);
  });
}

test("who leaves a view before its answers came breaks nothing", async () => {
  const page = await openPage("en");
  await pressOn(page, "sample-penguins");
  await page.locator("[data-testid=grid] td:not(.waiting)").first().waitFor();
  await pressOn(page, "go-train");
  await pressOn(page, "train");
  await by(page, "result").waitFor();
  // What is asked from here on is asked a while later: every answer comes to a view that is gone.
  await page.evaluate((millis) => {
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (...message) {
      setTimeout(() => postMessage.apply(this, message), millis);
    };
  }, 100);
  const stages = ["data", "explain", "predict", "prepare", "evaluate", "export", "train"];
  for (let round = 0; round < 3; round += 1) {
    for (const stage of stages) {
      await page.evaluate(async (stage) => {
        const waited = (millis) => new Promise((resolve) => setTimeout(resolve, millis));
        document.getElementById(`tab-${stage}`).click();
        await waited(40);
        // Everything that asks for something: rows further down, a row's way, another value.
        for (const scroller of document.querySelectorAll("#panel [tabindex]")) scroller.scrollTop += 2000;
        document.querySelector("#panel td")?.click();
        for (const input of document.querySelectorAll("#panel input[type=number], #panel input[inputmode]")) {
          input.value += "1";
          input.dispatchEvent(new Event("input", { bubbles: true }));
        }
        await waited(40);
      }, stage);
    }
  }
  await page.waitForTimeout(1000);
  assert.deepEqual(page.troubles, []);
});

test("a view whose part does not come says so, and comes when it is chosen again", async () => {
  const page = await openPage("en");
  await page.route("**/split_*.wasm", (route) => route.abort());
  await page.locator("#tab-predict").click();
  await by(page, "notices").getByText("still being served").waitFor();
  await page.unroute("**/split_*.wasm");
  await page.locator("#tab-predict").click();
  await page.locator("#panel .empty").waitFor();
});

test("points painted by hand become a table, with a mouse and without one", async () => {
  const page = await openPage("en");
  await pressOn(page, "paint");
  const easel = by(page, "easel");
  await easel.waitFor();
  await assertNoBarriers(page, "the painting ground");
  assert.ok(await by(page, "use-painted").isDisabled(), "one colour is no question");
  await easel.focus();
  for (const key of ["Space", "ArrowLeft", "Space", "2", "ArrowUp", "Enter"]) await page.keyboard.press(key);
  await easel.scrollIntoViewIfNeeded();
  const { x, y, width, height } = await easel.boundingBox();
  await page.mouse.move(x + width * 0.1, y + height * 0.1);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.9, y + height * 0.1, { steps: 10 });
  await page.mouse.up();
  const n_points = await page.locator(".easel circle").count();
  assert.ok(n_points > 12, `${n_points} points`);
  await by(page, "use-painted").click();
  await page.locator("[data-testid=grid] td:not(.waiting)").first().waitFor();
  assert.equal(await page.locator(".on-show .chip").first().innerText(), `Painted points\n${n_points} rows × 3 columns`);
  assert.deepEqual(page.troubles, []);
});

test("a pasted CSV is read, and a bad file says why without taking it away", async () => {
  const page = await openPage("en");
  await page.locator("details.paste summary").click();
  await by(page, "paste").fill("x,y\n1,a\n2,b\n3,a\n");
  await by(page, "read-pasted").click();
  await by(page, "grid").waitFor();
  await by(page, "other-data").click();
  await by(page, "file").setInputFiles(fixturePath("bad/empty.csv"));
  const error = by(page, "notices").locator("[data-code]");
  await error.waitFor();
  assert.match(await error.getAttribute("data-code"), /^ingest\./);
  assert.match(await page.locator(".on-show").innerText(), /\b3\b/, "the three rows are still there");
});

test("a file chosen before the engine is up is read when it is", async () => {
  const page = await open(browser, { path: "/#lang=en" });
  // At once: nothing is waited for but the input.
  await by(page, "file").setInputFiles(fixturePath("bad/html_headers.csv"));
  await by(page, "grid").waitFor();
  assert.equal(await by(page, "notices").locator("[data-code]").count(), 0);
  assert.deepEqual(page.troubles, []);
});

test("headers that look like code stay words", async () => {
  const page = await openPage("en");
  await by(page, "file").setInputFiles(fixturePath("bad/html_headers.csv"));
  await by(page, "grid").waitFor();
  assert.equal(await page.locator("main img[src=x], main script").count(), 0);
  assert.deepEqual(page.troubles, []);
});

test("a saved project opens again with its model", async () => {
  const page = await openPage("en");
  for (const testid of ["sample-penguins", "go-train", "train"]) await by(page, testid).click();
  await by(page, "result").waitFor();
  await page.locator("#tab-export").click();
  const download = page.waitForEvent("download");
  await by(page, "export").click();
  const path = await (await download).path();

  const other = await openPage("en");
  await other.locator("#tab-export").click();
  await by(other, "import-file").setInputFiles(path);
  await other.locator("#tab-explain[aria-selected=true]").waitFor();
  await other.locator("#tab-predict").click();
  await by(other, "answer-words").waitFor();
  const words = (page) => by(page, "answer-words").innerText();
  await page.locator("#tab-predict").click();
  await by(page, "answer-words").waitFor();
  assert.equal(await words(other), await words(page));
});

test("the dark page has no barriers either", async () => {
  const page = await openPage("en", { colorScheme: "dark" });
  await assertNoBarriers(page, "the welcome");
  for (const testid of ["sample-iris", "go-train", "train"]) await by(page, testid).click();
  await by(page, "result").waitFor();
  await assertNoBarriers(page, "the result");
  await page.locator("#tab-explain").click();
  await by(page, "tree").waitFor();
  await assertNoBarriers(page, "the tree");
});

test("a cell of the confusion matrix lists its rows, and one of them leads to why", async () => {
  const page = await openPage("en");
  for (const testid of ["sample-iris", "go-train", "train"]) await by(page, testid).click();
  await by(page, "result").waitFor();
  await page.locator("#tab-evaluate").click();
  await by(page, "confusion").locator("[data-cell='0']").click();
  await by(page, "cell-rows").waitFor();
  const count = await page.locator("[data-cell='0'] text").textContent();
  assert.equal(await by(page, "cell-rows").locator("tbody tr").count(), Number(count));
  const row = by(page, "cell-rows").locator("button").first();
  const number = await row.innerText();
  await row.click();
  await page.waitForFunction((number) => document.querySelector("[data-testid=sentence]")?.textContent.includes(`row ${number}`), number);
});
