// Starts the page's wasm. A module of its own, because the policy allows no inline script.
import init from "./vitrine-page.js";

await init();
