// How a program is begun and ended by the harness.
import { createInterface } from "node:readline";

/** Says that all is ready, and waits to be told to go. */
export async function go() {
  console.log("ready");
  for await (const line of createInterface({ input: process.stdin })) if (line === "go") return;
}

export function done() {
  console.log("done");
}
