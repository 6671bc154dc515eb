// How long after navigation `Vitrine.start` answers, nothing cached.
import { Vitrine } from "/vitrine.js";

try {
  await Vitrine.start({ device: "cpu" });
  window.readyMillis = performance.now();
} catch (error) {
  window.readyError = `${error.code ?? error.name}: ${error.message}`;
}
