// What Lighthouse says of the pages that one comes to first. Its marks for speed are the machine's too, so they are only told.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import lighthouse from "lighthouse";
import { client, freePort, start } from "./annex.mjs";
import { launchLasting, signIn } from "./browser.mjs";
import { library } from "./library.mjs";

let pair, context, port, profile;
before(async () => {
  pair = await start();
  await library(await client(pair.api));
  port = await freePort();
  profile = await mkdtemp(join(tmpdir(), "annex-e2e-profile-"));
  context = await launchLasting(profile, port);
});
after(async () => {
  await context?.close();
  await pair?.end();
  if (profile) await rm(profile, { recursive: true, force: true });
});

const categories = ["accessibility", "best-practices", "performance"];

async function marks(path) {
  const { lhr } = await lighthouse(pair.site + path, { port, onlyCategories: categories, disableStorageReset: true, logLevel: "silent", maxWaitForLoad: 120_000 });
  assert.equal(lhr.runtimeError, undefined);
  assert.equal(new URL(lhr.finalDisplayedUrl).pathname, path, "it is this page that is looked at");
  const mark = (category) => Math.round(lhr.categories[category].score * 100);
  const missed = categories.slice(0, 2).flatMap((category) =>
    lhr.categories[category].auditRefs.filter(({ id, weight }) => weight > 0 && (lhr.audits[id].score ?? 1) < 1).map(({ id }) => `${id}: ${JSON.stringify(lhr.audits[id].details?.items ?? "").slice(0, 400)}`),
  );
  const [accessibility, practices, performance] = categories.map(mark);
  return { accessibility, practices, performance, missed, interactive: lhr.audits.interactive.displayValue, painted: lhr.audits["largest-contentful-paint"].displayValue };
}

for (const [path, signedIn] of [["/sign-in", false], ["/", true], ["/collections/books", true]]) {
  test(`${path}: accessibility 100, best practices at least 95`, async (told) => {
    const page = context.pages()[0];
    if (signedIn && new URL(page.url()).pathname !== "/") await signIn(page, pair.site);
    const { accessibility, practices, performance, missed, interactive, painted } = await marks(path);
    told.diagnostic(`accessibility ${accessibility}, best practices ${practices}, performance ${performance} (largest paint ${painted}, interactive ${interactive})`);
    assert.equal(accessibility, 100, missed.join("\n"));
    assert.ok(practices >= 95, `best practices ${practices}: ${missed.join("\n")}`);
  });
}
