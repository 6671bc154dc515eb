// What nets.mjs calls in the page of TensorFlow.js: the same net, trained for the same steps.

/** Its own generator, seeded, so that no run differs from the last. */
function normals(seed) {
  let state = seed >>> 0;
  const uniform = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) + 0.5) / 4294967296;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Trains a net of dense layers (ReLU between, softmax cross-entropy at the end) with Adam, by TensorFlow.js's own
 * variables and optimiser: its layers API costs more. Returns the milliseconds of each repeat's steps.
 */
async function train({ backend, sizes, batchSize, nSteps, nRepeats }) {
  tf.wasm.setWasmPaths("/bench/npm/@tensorflow/tfjs-backend-wasm/dist/");
  if (!(await tf.setBackend(backend))) throw new Error(`no backend ${backend}`);
  await tf.ready();
  const normal = normals(1);
  const x = tf.tensor2d(Float32Array.from({ length: batchSize * sizes[0] }, normal), [batchSize, sizes[0]]);
  const nClasses = sizes[sizes.length - 1];
  const labels = tf.oneHot(tf.tensor1d(Array.from({ length: batchSize }, (_, row) => row % nClasses), "int32"), nClasses);
  const layers = sizes.slice(1).map((nOutputs, at) => {
    const nInputs = sizes[at];
    const weights = Float32Array.from({ length: nInputs * nOutputs }, () => normal() * Math.sqrt(2 / nInputs));
    return { w: tf.variable(tf.tensor2d(weights, [nInputs, nOutputs])), b: tf.variable(tf.zeros([nOutputs])) };
  });
  const optimizer = tf.train.adam(0.001);
  const loss = () => {
    const logits = layers.reduce((h, { w, b }, at) => {
      const sums = tf.add(tf.matMul(h, w), b);
      return at < layers.length - 1 ? tf.relu(sums) : sums;
    }, x);
    return tf.losses.softmaxCrossEntropy(labels, logits);
  };
  const step = () => optimizer.minimize(loss, true);
  const read = async (scalar) => {
    const [value] = await scalar.data();
    scalar.dispose();
    return value;
  };
  const first = await read(step());
  const millis = [];
  let last = first;
  for (let repeat = 0; repeat < nRepeats; repeat++) {
    const start = performance.now();
    for (let n = 1; n < nSteps; n++) step().dispose();
    last = await read(step());
    millis.push(performance.now() - start);
  }
  return { millis, first, last, backend: tf.getBackend() };
}

/**
 * Trains a convolutional net (3 × 3 filters, ReLU, 2 × 2 maximum pooling, then one dense layer) with Adam. Returns the
 * milliseconds of each repeat's steps, or what the backend cannot do.
 */
async function trainImages({ backend, side, filters, hidden, nClasses, batchSize, nSteps, nRepeats }) {
  tf.wasm.setWasmPaths("/bench/npm/@tensorflow/tfjs-backend-wasm/dist/");
  if (!(await tf.setBackend(backend))) throw new Error(`no backend ${backend}`);
  await tf.ready();
  const normal = normals(1);
  const drawn = (shape, nInputs) => tf.variable(tf.tensor(Float32Array.from({ length: shape.reduce((n, size) => n * size, 1) }, () => normal() * Math.sqrt(2 / nInputs)), shape));
  const x = tf.tensor4d(Float32Array.from({ length: batchSize * side * side }, normal), [batchSize, side, side, 1]);
  const labels = tf.oneHot(tf.tensor1d(Array.from({ length: batchSize }, (_, row) => row % nClasses), "int32"), nClasses);
  const channels = [1, ...filters];
  const kernels = filters.map((n, at) => drawn([3, 3, channels[at], n], 9 * channels[at]));
  const biases = filters.map((n) => tf.variable(tf.zeros([n])));
  const rest = side >> filters.length;
  const sizes = [rest * rest * filters.at(-1), hidden, nClasses];
  const dense = sizes.slice(1).map((n, at) => ({ w: drawn([sizes[at], n], sizes[at]), b: tf.variable(tf.zeros([n])) }));
  const optimizer = tf.train.adam(0.001);
  const loss = () => {
    const seen = kernels.reduce((h, kernel, at) => tf.maxPool(tf.relu(tf.add(tf.conv2d(h, kernel, 1, "same"), biases[at])), 2, 2, "valid"), x);
    const logits = dense.reduce((h, { w, b }, at) => {
      const sums = tf.add(tf.matMul(h, w), b);
      return at < dense.length - 1 ? tf.relu(sums) : sums;
    }, tf.reshape(seen, [batchSize, sizes[0]]));
    return tf.losses.softmaxCrossEntropy(labels, logits);
  };
  try {
    (await optimizer.minimize(loss, true).data());
  } catch (error) {
    return { refused: String(error.message).split("\n")[0] };
  }
  const millis = [];
  for (let repeat = 0; repeat < nRepeats; repeat++) {
    const start = performance.now();
    for (let n = 1; n < nSteps; n++) optimizer.minimize(loss, true).dispose();
    await optimizer.minimize(loss, true).data();
    millis.push(performance.now() - start);
  }
  return { millis };
}

window.bench = { train, trainImages };
window.benchReady = true;
