// The growth of time with rows and with columns as one SVG: two panels, both axes logarithmic.

const [WIDTH, HEIGHT, PANEL, TOP, LEFT, BOTTOM] = [920, 430, 330, 50, 70, 60];
const COLOURS = ["#1f6feb", "#c2410c", "#15803d"];

/** `series` are `{ what, axis: "rows" | "columns", points: [[n, millis], …] }`. */
export function growthSvg(series) {
  const parts = [...new Set(series.map(({ axis }) => axis))].map((axis, idx) => panel(axis, series.filter((one) => one.axis === axis), LEFT + idx * (PANEL + LEFT + 20)));
  const names = [...new Set(series.map(({ what }) => what))];
  const legend = names.map((what, idx) => text(LEFT + 190 * idx + 16, HEIGHT - 12, what, "start") + `<circle cx="${LEFT + 190 * idx + 6}" cy="${HEIGHT - 16}" r="4" fill="${COLOURS[idx]}"/>`);
  legend.push(text(LEFT + 190 * names.length + 16, HEIGHT - 12, "dashed: n·log n (rows), n (columns)", "start"));
  const title = text(WIDTH / 2, 22, "Time of a fit against rows and columns", "middle", 15);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif"><rect width="100%" height="100%" fill="#fff"/>${title}${parts.join("")}${legend.join("")}</svg>\n`;
}

const text = (x, y, words, anchor, size = 12) => `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" text-anchor="${anchor}" font-size="${size}">${words}</text>`;

function panel(axis, series, left) {
  const height = HEIGHT - TOP - BOTTOM - 30;
  const allowed = (n) => (axis === "rows" ? n * Math.log2(n) : n);
  const lines = series.map(({ points }) => ({ points, expected: points.map(([n]) => [n, (points[0][1] * allowed(n)) / allowed(points[0][0])]) }));
  const all = lines.flatMap(({ points, expected }) => [...points, ...expected]);
  const log = (at) => all.map((point) => Math.log10(point[at]));
  const [xLow, xHigh] = [Math.min(...log(0)) - 0.05, Math.max(...log(0)) + 0.05];
  const [yLow, yHigh] = [Math.floor(Math.min(...log(1))), Math.ceil(Math.max(...log(1)))];
  const x = (n) => left + (PANEL * (Math.log10(n) - xLow)) / (xHigh - xLow);
  const y = (millis) => TOP + height * (1 - (Math.log10(millis) - yLow) / Math.max(1, yHigh - yLow));
  const drawn = [`<rect x="${left}" y="${TOP}" width="${PANEL}" height="${height}" fill="none" stroke="#888"/>`];
  for (let decade = yLow; decade <= yHigh; decade++) {
    const at = y(10 ** decade).toFixed(1);
    drawn.push(`<line x1="${left}" x2="${left + PANEL}" y1="${at}" y2="${at}" stroke="#ddd"/>`, text(left - 6, Number(at) + 4, `${10 ** (decade - 3)} s`, "end"));
  }
  for (const n of new Set(all.map(([n]) => n))) drawn.push(text(x(n), TOP + height + 16, n.toLocaleString("en"), "middle"));
  drawn.push(text(left + PANEL / 2, TOP + height + 36, axis, "middle"));
  const line = (points, colour, more = "") => `<polyline points="${points.map(([n, millis]) => `${x(n).toFixed(1)},${y(millis).toFixed(1)}`).join(" ")}" fill="none" stroke="${colour}" ${more}/>`;
  lines.forEach(({ points, expected }, idx) => {
    drawn.push(line(expected, COLOURS[idx], 'stroke-dasharray="3 4" opacity="0.7"'), line(points, COLOURS[idx], 'stroke-width="2"'));
    points.forEach(([n, millis]) => drawn.push(`<circle cx="${x(n).toFixed(1)}" cy="${y(millis).toFixed(1)}" r="4" fill="${COLOURS[idx]}"/>`));
  });
  return drawn.join("");
}
