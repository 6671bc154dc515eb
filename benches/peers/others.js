// What models.mjs calls in the page of the other libraries: each fits and answers the same rows as Vitrine.
import { DecisionTreeRegression, LogisticRegression, Matrix, RandomForestRegression } from "/bench/others_bundle.js";

const timed = (work) => {
  const start = performance.now();
  return { result: work(), millis: performance.now() - start };
};

const rmse = (predicted, actual) => Math.sqrt(predicted.reduce((sum, y, i) => sum + (y - actual[i]) ** 2, 0) / actual.length);

/** YDF in WebAssembly, with its own defaults: it takes no hyper-parameters. */
async function ydf({ learner, label, train, test, actual }) {
  const library = await globalThis.YDFTraining({ locateFile: (file) => `/bench/npm/ydf-training/dist/${file}`, print() {}, printErr() {} });
  const { result: model, millis } = timed(() => new library[learner](label, "REGRESSION").train(train));
  const error = rmse(Array.from(model.predict(test)), actual);
  const nTrees = Number(/Number of trees: (\d+)/.exec(model.describe())?.[1] ?? NaN);
  model.unload();
  return { millis, rmse: error, nTrees };
}

const JS_MODELS = {
  "ml-cart": () => new DecisionTreeRegression(),
  "ml-random-forest": () => new RandomForestRegression({ nEstimators: 10, maxFeatures: 1.0, replacement: true, seed: 1, noOOB: true, useSampleBagging: true }),
};

function js({ library, x, y, testX, actual }) {
  const model = JS_MODELS[library]();
  const { millis } = timed(() => model.train(x, y));
  return { millis, rmse: rmse(Array.from(model.predict(testX)), actual) };
}

/** ml-logistic-regression descends for a number of steps it is told; the classes are numbers. */
function logistic({ x, y, testX, actual, numSteps, learningRate }) {
  const model = new LogisticRegression({ numSteps, learningRate });
  const { millis } = timed(() => model.train(new Matrix(x), Matrix.columnVector(y)));
  const predicted = model.predict(new Matrix(testX));
  return { millis, accuracy: predicted.filter((code, i) => code === actual[i]).length / actual.length };
}

window.bench = { ydf, js, logistic };
window.benchReady = true;
