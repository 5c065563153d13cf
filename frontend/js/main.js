// Starts the console, and knows where its JavaScript parts are: each is loaded when it is first shown.
import init from "console-wasm/console.js";
import wasm from "console-wasm/console_bg.wasm";

globalThis.annexParts = {
  chart: () => import("./chart.js"),
  editor: () => import("./editor.js"),
};

init({ module_or_path: wasm });
