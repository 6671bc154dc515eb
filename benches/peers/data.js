// The data of the benches, seeded: the same bytes in every run, in the page and in Node.

/** Mulberry32: a small generator with 32 bits of state. */
export function generator(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = state;
    bits = Math.imul(bits ^ (bits >>> 15), bits | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 4294967296;
  };
}

/** A CSV of at least `sizeBytes`, as a `File` and its number of rows. `row` gives one line without its end. */
function file(name, header, sizeBytes, row) {
  const encoder = new TextEncoder();
  const parts = [encoder.encode(header + "\n")];
  let written = parts[0].length;
  let nRows = 0;
  while (written < sizeBytes) {
    const lines = [];
    for (let i = 0; i < 5000; i++) lines.push(row(nRows++));
    const bytes = encoder.encode(lines.join("\n") + "\n");
    parts.push(bytes);
    written += bytes.length;
  }
  return { file: new File(parts, name, { type: "text/csv" }), nRows, sizeBytes: written };
}

/** Ten columns of numbers: counts, measurements with two to six decimals, one with gaps. */
export function numericCsv(sizeBytes) {
  const random = generator(1);
  const header = "id,count,price,x,y,z,share,temperature,pressure,gap";
  return file("numeric.csv", header, sizeBytes, (i) => {
    const cells = [i, (random() * 1000) | 0, (random() * 500).toFixed(2)];
    for (let k = 0; k < 3; k++) cells.push((random() * 20 - 10).toFixed(6));
    cells.push(random().toFixed(4), (random() * 60 - 20).toFixed(1), (950 + random() * 100).toFixed(3));
    cells.push(random() < 0.1 ? "" : (random() * 9).toFixed(3));
    return cells.join(",");
  });
}

const WORDS =
  "the quick brown fox jumps over a lazy dog while seven wizards quietly mix potions near an old stone bridge at dawn".split(" ");

/** Six quoted columns: names, remarks with commas, doubled quotes and line ends, a category, a date, a quoted number. */
export function quotedCsv(sizeBytes) {
  const random = generator(2);
  const word = () => WORDS[(random() * WORDS.length) | 0];
  const header = '"name","remark","category","day","amount","note"';
  return file("quoted.csv", header, sizeBytes, (i) => {
    const name = `${word()} ${word()}, ${i}`;
    let remark = word();
    for (let k = 0; k < 8; k++) remark += (random() < 0.15 ? ", " : " ") + word();
    if (random() < 0.1) remark += ` ""${word()}""`;
    if (random() < 0.05) remark += `\n${word()}`;
    const category = ["red", "green", "blue", "light, grey"][(random() * 4) | 0];
    const day = `20${10 + ((random() * 15) | 0)}-0${1 + ((random() * 9) | 0)}-${10 + ((random() * 18) | 0)}`;
    return `"${name}","${remark}","${category}","${day}","${(random() * 1000).toFixed(2)}","${word()} ${word()}"`;
  });
}

/** Reviews as R's `write.csv` has them, and Python's `QUOTE_NONNUMERIC`: texts quoted, with commas and line ends, numbers not. */
export function reviewsCsv(sizeBytes) {
  const random = generator(9);
  const words = (n) => Array.from({ length: n }, () => WORDS[(random() * WORDS.length) | 0]).join(" ");
  return file("reviews.csv", '"row","title","review","product","price","stars"', sizeBytes, (i) => {
    const review = `${words(5)}, ${words(6)}.${random() < 0.2 ? `\n${words(6)}` : ""}`;
    const product = ["kettle", "lamp, small", "chair", "table"][(random() * 4) | 0];
    return `"${i + 1}","${words(3)}, ${words(1)}","${review}","${product}",${(random() * 500).toFixed(2)},${1 + ((random() * 5) | 0)}`;
  });
}

/** Two quoted columns of people talking, commas, line ends and quotes in the text, and a number: what quoting is for. */
export function dialogueCsv(sizeBytes) {
  const random = generator(6);
  const words = (n) => Array.from({ length: n }, () => WORDS[(random() * WORDS.length) | 0]).join(" ");
  return file("dialogue.csv", '"scene","line","number"', sizeBytes, (i) => {
    const end = random() < 0.1 ? `\n${words(3)}` : "";
    return `"${words(4)}, ""${words(2)}""","He said ""${words(3)}"", and she: ""${words(4)}, ${words(2)}""${end}",${i}`;
  });
}

/** Eight short cells, every one quoted, as exports from databases are: words, counts, prices, flags, some with a quote inside. */
export function exportedCsv(sizeBytes) {
  const random = generator(4);
  const word = () => WORDS[(random() * WORDS.length) | 0];
  const header = '"id","name","city","count","price","flag","code","remark"';
  return file("exported.csv", header, sizeBytes, (i) => {
    const remark = random() < 0.3 ? `${word()} ""${word()}"", ${word()}` : word();
    const cells = [i, word(), word(), (random() * 1000) | 0, (random() * 500).toFixed(2), random() < 0.5 ? "yes" : "no", `A-${(random() * 1e5) | 0}`, remark];
    return `"${cells.join('","')}"`;
  });
}

/** `nRows` rows of uniform features with four decimals and a noisy `value`, as a `File`. */
export function numbersCsv(nRows, nFeatures) {
  const random = generator(8);
  const header = [...Array(nFeatures).keys()].map((k) => `f${k}`).join(",") + ",value";
  const line = () => {
    const x = Array.from({ length: nFeatures }, random);
    const value = 10 * Math.sin(Math.PI * x[0] * x[1]) + 20 * (x[2] - 0.5) ** 2 + 10 * x[3] + 5 * x[4] + random();
    return `${x.map((v) => v.toFixed(4)).join(",")},${value.toFixed(3)}`;
  };
  const parts = [`${header}\n`];
  for (let row = 0; row < nRows; row += 10_000) {
    parts.push(`${Array.from({ length: Math.min(10_000, nRows - row) }, line).join("\n")}\n`);
  }
  return new File(parts, "numbers.csv", { type: "text/csv" });
}

/** `nRows` rows of twenty normal features, a label of three classes and a value, both noisy, so that a full tree is deep. */
export function treeCsv(nRows) {
  const random = generator(3);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const nFeatures = 20;
  const lines = [[...Array(nFeatures).keys()].map((k) => `f${k}`).join(",") + ",label,value"];
  for (let i = 0; i < nRows; i++) {
    const x = Array.from({ length: nFeatures }, normal);
    const signal = x[0] + 0.8 * x[1] * x[2] - 0.6 * x[3] + 0.5 * Math.abs(x[4]) + 0.4 * x[5] * x[0] - 0.3 * x[6];
    const label = random() < 0.1 ? "abc"[(random() * 3) | 0] : signal < -0.4 ? "a" : signal < 0.9 ? "b" : "c";
    // Whole numbers: sums of squares are exact, so rounding cannot choose another split.
    const value = Math.round(100 * (signal + 0.5 * normal()));
    lines.push(x.map((v) => v.toFixed(6)).join(",") + `,${label},${value}`);
  }
  return lines.join("\n") + "\n";
}
