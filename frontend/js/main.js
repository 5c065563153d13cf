// Starts the console, and knows where its JavaScript parts are: each is loaded when it is first shown.
import init from "console-wasm/console.js";
import wasm from "console-wasm/console_bg.wasm";
import { parts, wholes } from "console-wasm/parts.js";
import routes from "../routes.json";
import { ask, take } from "./begin.js";
import { begin, keep } from "./parts.js";

// The theme that was chosen in this browser counts before anything shows.
try {
  const theme = localStorage.getItem("annex.theme");
  if (theme) document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing shows the system's theme.
}

// The parts that the address needs come beside the program, not after it, and so does what it asks first.
const path = location.pathname;
const route = Object.keys(routes).find((route) => new RegExp(`^${route.replace(":name", "[^/]+")}$`).test(path));
ask(route);
const program = WebAssembly.compileStreaming(fetch(wasm));
const needed = begin((routes[route] ?? []).flatMap((part) => parts[part]), wholes[route]);
// No word shows before the program runs: the font comes when the line is free, while the program starts.
Promise.allSettled([program, ...needed]).then(() => document.fonts.load("1em Inter"));

globalThis.annexBegun = { take };
globalThis.annexParts = {
  chart: () => import("./chart.js"),
  editor: () => import("./editor.js"),
};

await init({ module_or_path: await program });

// The other parts are fetched one by one once nobody waits for anything, so that moving to a page asks nothing of the network.
if (!navigator.connection?.saveData) {
  const idle = globalThis.requestIdleCallback ?? ((act) => act());
  setTimeout(() => idle(() => keep(new Set(Object.values(parts).flat()))), 3000);
}
