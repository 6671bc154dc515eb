// What learns without a target: found, measured, drawn and asked, by keyboard alone in both languages.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertNoBarriers, launch, open } from "./browser.mjs";

/** More stops of the Tab key than any view has. */
const TAB_LIMIT = 250;

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

const by = (page, testid) => page.getByTestId(testid);

async function openPage(lang, options = {}) {
  const page = await open(browser, { path: `/#lang=${lang}`, viewport: { width: 1280, height: 720 }, ...options });
  await by(page, "sample-iris").and(page.locator(":enabled")).waitFor();
  return page;
}

/** Goes on with the Tab key until `isThere` says so of the element in focus, and presses Enter. */
async function pressOn(page, isThere, argument) {
  for (let n_tabs = 0; n_tabs < TAB_LIMIT; n_tabs += 1) {
    if (await page.evaluate(isThere, argument)) return page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
  }
  assert.fail(`the Tab key never comes to ${argument}`);
}

const isNamed = (testid) => document.activeElement?.dataset.testid === testid;
const isTask = (at) => document.activeElement === document.querySelectorAll("[data-testid=task] button")[at];

/** From the sample to a model that learned `task` (its place among the answers) without a target. */
async function train(page, task) {
  await by(page, "sample-iris").and(page.locator(":enabled")).waitFor();
  await pressOn(page, isNamed, "sample-iris");
  await page.locator("[data-testid=grid] td:not(.waiting)").first().waitFor();
  await pressOn(page, isNamed, "go-train");
  await by(page, "task").waitFor();
  await pressOn(page, isTask, task);
  await by(page, "train").and(page.locator(":enabled")).waitFor();
  assert.equal(await by(page, "way").count(), 0, "there is nothing to compare candidates by");
  await page.locator("[role=tab][aria-selected=true]").focus();
  await pressOn(page, isNamed, "train");
  await by(page, "result").waitFor();
}

const goTo = async (page, stage) => {
  await page.locator(`#tab-${stage}`).focus();
  await page.keyboard.press("Enter");
  await page.waitForFunction((stage) => document.getElementById(`tab-${stage}`).ariaSelected === "true", stage);
};

for (const [lang, cluster] of [["en", /^cluster \d+$/], ["zh", /^簇 \d+$/]]) {
  test(`${lang}: clusters are found, measured, drawn and asked by keyboard alone`, async () => {
    const page = await openPage(lang);
    await train(page, 2);
    await by(page, "figure-cluster_sizes").waitFor();
    await assertNoBarriers(page, "the clusters");

    await goTo(page, "evaluate");
    await by(page, "measures").waitFor();
    assert.equal(await by(page, "measures").locator("tbody tr").count(), 4);
    await by(page, "figure-cluster_sizes").waitFor();
    await assertNoBarriers(page, "their measures");

    await goTo(page, "explain");
    await by(page, "figure-coefficients").waitFor();
    await page.waitForFunction(() => document.querySelectorAll("[data-testid=plane] .point").length === 150);
    // Every point has its cluster's colour, and the eight are told apart.
    const colours = () => new Set([...document.querySelectorAll("[data-testid=plane] .point circle")].map((c) => c.getAttribute("fill"))).size;
    await page.waitForFunction(`(${colours})() === 8`);
    await assertNoBarriers(page, "their centres");

    await goTo(page, "predict");
    await by(page, "answer-words").waitFor();
    assert.match(await by(page, "answer-words").innerText(), cluster);

    await goTo(page, "export");
    await by(page, "receipt").waitFor();
    assert.deepEqual(page.troubles, []);
  });
}

test("zh: what components keep is drawn, and rows along them with the features' arrows", async () => {
  const page = await openPage("zh");
  await train(page, 3);
  await by(page, "figure-explained_variance").waitFor();
  await goTo(page, "evaluate");
  await by(page, "figure-components").waitFor();
  const drawn = by(page, "figure-components");
  assert.equal(await drawn.locator("[data-row]").count(), 150);
  assert.match(await drawn.locator("svg.plot").innerHTML(), /petal_width/);
  await assertNoBarriers(page, "the components");
  await drawn.locator("[data-row='7']").first().click({ force: true });
  await drawn.locator(".halo").waitFor({ state: "attached" });
  await goTo(page, "explain");
  await by(page, "figure-components").locator(".halo").waitFor({ state: "attached" });
  await assertNoBarriers(page, "what they are made of");
  await goTo(page, "predict");
  await by(page, "answer-words").waitFor();
  assert.match(await by(page, "answer-words").innerText(), /^[−-]?\d.*[,，]/);
  assert.deepEqual(page.troubles, []);
});

test("en: the oddest rows are listed, and one of them is selected everywhere", async () => {
  const page = await openPage("en", { colorScheme: "dark" });
  await train(page, 4);
  await by(page, "figure-scores").waitFor();
  await goTo(page, "evaluate");
  await by(page, "oddest").locator("tbody tr").first().waitFor();
  assert.equal(await by(page, "oddest").locator("tbody tr").count(), 20);
  const scores = (await by(page, "oddest").locator("td:nth-child(2)").allInnerTexts()).map((words) => Number(words.replace("−", "-")));
  assert.deepEqual(scores, scores.toSorted((a, b) => a - b));
  await assertNoBarriers(page, "the oddest rows");
  const row = by(page, "oddest").locator("button").nth(2);
  const number = await row.innerText();
  await row.focus();
  await page.keyboard.press("Enter");
  await by(page, "oddest").locator("tr.selected").waitFor();
  await goTo(page, "explain");
  await page.waitForFunction((number) => document.querySelector("[data-testid=sentence]")?.textContent.includes(`row ${number}`), number);
  await by(page, "votes").waitFor();
  await assertNoBarriers(page, "the trees that isolate it");
  assert.deepEqual(page.troubles, []);
});

test("a link to a task without a target leads there, and a target makes it one to predict again", async () => {
  const page = await open(browser, { path: "/#lang=en&stage=train&sample=iris.csv&task=projection", viewport: { width: 1280, height: 720 } });
  await by(page, "model-pca").waitFor();
  await by(page, "target").selectOption("");
  await by(page, "train").click();
  await by(page, "result").waitFor();
  await by(page, "task").locator("button").first().click();
  assert.ok(await by(page, "train").isDisabled(), "there is nothing to predict");
  await by(page, "target").selectOption("species");
  await by(page, "train").click();
  await page.locator("[data-testid=result] h2", { hasText: "tree" }).waitFor();
  assert.deepEqual(page.troubles, []);
});

test("each tree of a forest says its vote on a row, and the tree that is pressed is drawn with the row's way", async () => {
  const page = await openPage("en");
  await by(page, "sample-iris").click();
  await by(page, "go-train").click();
  await by(page, "model-random_forest").click();
  await by(page, "train").click();
  await by(page, "result").waitFor();
  await by(page, "go-explain").click();
  await by(page, "first-row").click();
  await by(page, "votes").waitFor();
  assert.equal(await page.locator("[data-testid=votes] [data-tree]").count(), 100);
  await assertNoBarriers(page, "the votes");
  await page.locator("[data-testid=votes] [data-tree='41']").click();
  await page.waitForFunction(() => document.querySelector("[data-testid=which-tree]").value === "42");
  await page.locator("[data-testid=tree] .lit").first().waitFor({ state: "attached" });
  assert.deepEqual(page.troubles, []);
});

test("a column weighs the rows where the model takes weights, and is then no feature", async () => {
  const page = await openPage("en");
  await by(page, "sample-iris").click();
  await by(page, "go-train").click();
  await by(page, "weight").selectOption("petal_width");
  await by(page, "train").click();
  await by(page, "result").waitFor();
  await page.locator("#tab-predict").click();
  await by(page, "answer-words").waitFor();
  assert.equal(await page.locator("[data-input=petal_width]").count(), 0);
  await page.locator("#tab-train").click();
  await by(page, "model-naive_bayes").click();
  await by(page, "weight").waitFor({ state: "detached" });
  await by(page, "train").click();
  await page.locator("[data-testid=result] h2", { hasText: "ayes" }).waitFor();
  assert.deepEqual(page.troubles, []);
});
