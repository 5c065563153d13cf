// The parts of the program that are loaded when they are needed. A part is one or more files; a file is fetched once, unless that fails.
import { initSync } from "console-wasm/console.js";

const modules = new Map();
const instances = new Map();
// The file that is all of a route, by each file that is in it.
const within = new Map();

// Remembers what a promise gives, but not that it failed: the next attempt is a new one.
function once(kept, file, make) {
  let promise = kept.get(file);
  if (!promise) {
    promise = make();
    kept.set(file, promise);
    promise.catch(() => kept.delete(file));
  }
  return promise;
}

const prepare = (file) => once(modules, file, () => WebAssembly.compileStreaming(fetch(file)));

// Fetches and compiles, which needs nothing of the program: files, or the one file that is all of them where there is one.
export function begin(files, whole) {
  if (whole) for (const file of files) within.set(file, whole);
  return (whole ? [whole] : files).map(prepare);
}

// Has the browser keep files that nobody needs yet. What cannot be had now is asked for again when it is needed.
export async function keep(files) {
  for (const file of files) {
    if (modules.has(file) || within.has(file)) continue;
    try {
      await (await fetch(file, { priority: "low" })).arrayBuffer();
    } catch {
      return;
    }
  }
}

// How the program asks for a part: with a function of its table that is to be called when the part is there, or cannot be.
export function loader(files, marks) {
  return async (callback, data) => {
    const main = initSync();
    const imports = { __wasm_split: { ...main, ...marks } };
    const load = (file) => once(instances, file, async () => WebAssembly.instantiate(await prepare(file), imports));
    const start = async (file) => {
      const whole = within.get(file);
      if (whole) {
        try {
          return await load(whole);
        } catch {
          // What could not be had with the others is had by itself.
          within.delete(file);
        }
      }
      return load(file);
    };
    let there = true;
    try {
      await Promise.all(files.map(start));
    } catch (error) {
      console.error(error);
      there = false;
    }
    main.__indirect_function_table.get(callback)(data, there);
  };
}
