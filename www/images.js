/**
 * Image files as rows of a CSV: a label, then the pixels, row by row from the upper left, of each its grey value or its
 * red, green and blue, from 0 to 255.
 *
 * `vitrine.js` fetches this with the first images. Nothing leaves the page: the browser decodes the files itself.
 *
 * @module
 */

/** More pixels than this in a row would make a table nobody could scroll. */
const MOST_NUMBERS = 12_288;

/** How many images are decoded before others get a turn. */
const IMAGES_PER_TURN = 16;

/**
 * What an image shows, by the folder it lies in or, without one, by its name up to a number: `cats/1.png` and `cat_12.png`
 * are of `cats` and `cat`.
 */
function labelOf({ name, webkitRelativePath }) {
  const folders = (webkitRelativePath ?? "").split("/").slice(1, -1);
  if (folders.length > 0) return folders.at(-1);
  const stem = name.replace(/\.[^.]*$/, "");
  return stem.replace(/[\s_().-]*\d*[\s_().-]*$/, "") || stem;
}

const quoted = (text) => `"${text.replaceAll('"', '""')}"`;

/** Draws the middle of an image into all of a canvas: nothing is stretched. */
function draw(context, image, width, height) {
  const scale = Math.max(width / image.width, height / image.height);
  const [drawnWidth, drawnHeight] = [image.width * scale, image.height * scale];
  context.clearRect(0, 0, width, height);
  context.drawImage(image, (width - drawnWidth) / 2, (height - drawnHeight) / 2, drawnWidth, drawnHeight);
  return context.getImageData(0, 0, width, height).data;
}

/** The numbers of a picture: grey as ITU-R BT.601 weighs the colours, or all three. What is transparent is black. */
function numbersOf(rgba, channels) {
  const numbers = [];
  for (let at = 0; at < rgba.length; at += 4) {
    const share = rgba[at + 3] / 255;
    const [red, green, blue] = [rgba[at] * share, rgba[at + 1] * share, rgba[at + 2] * share];
    if (channels === 1) numbers.push(Math.round(0.299 * red + 0.587 * green + 0.114 * blue));
    else numbers.push(Math.round(red), Math.round(green), Math.round(blue));
  }
  return numbers;
}

/**
 * Decodes image files. Resolves with the CSV as a Blob, and the names of the files that are no images.
 *
 * `trouble(code, { detail })` makes errors: `ingest.image_size` for a size that is none, `ingest.no_image` where no file is an
 * image, `cancelled`.
 */
export async function imagesToCsv(files, { width = 28, height = 28, channels = 1, onProgress, signal }, trouble) {
  const isSize = (size) => Number.isInteger(size) && size >= 1;
  if (!isSize(width) || !isSize(height) || ![1, 3].includes(channels) || width * height * channels > MOST_NUMBERS) {
    const detail = `${width} × ${height} with ${channels} channels, where one or three channels make at most ${MOST_NUMBERS} numbers`;
    throw trouble("ingest.image_size", { detail });
  }
  const all = Array.from(files);
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  const names = ["label"];
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      for (let channel = 0; channel < channels; channel++) names.push(`pixel_${row}_${column}${channels === 1 ? "" : `_${"rgb"[channel]}`}`);
    }
  }
  const lines = [names.join(",")];
  const refused = [];
  for (const [idx, file] of all.entries()) {
    if (signal?.aborted) throw trouble("cancelled");
    let image = null;
    try {
      image = await createImageBitmap(file);
    } catch {
      refused.push(file.name);
      continue;
    }
    lines.push([quoted(labelOf(file)), ...numbersOf(draw(context, image, width, height), channels)].join(","));
    image.close();
    if (idx % IMAGES_PER_TURN === 0) {
      onProgress?.({ fraction: idx / all.length, message: "reading" });
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
  if (lines.length === 1) throw trouble("ingest.no_image", { detail: all[0]?.name ?? "no file" });
  return { csv: new Blob([lines.join("\n"), "\n"], { type: "text/csv" }), refused };
}
