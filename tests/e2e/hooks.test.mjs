// Hooks are made, changed, given new secrets and deleted; mail that was not sent is read; a job's file is downloaded; a schedule is looked ahead.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { client, start } from "./annex.mjs";
import { launch, open, phone, signIn } from "./browser.mjs";

let pair, browser, page, api;
before(async () => {
  pair = await start();
  browser = await launch();
  api = await client(pair.api);
  page = await open(browser);
  await api.post("/v1/collections", { name: "books", fields: [{ name: "title", type: "text" }] });
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

const toast = (words) => page.getByRole("region", { name: "News" }).getByText(words).waitFor();
const row = (name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

/** What a dialog tells once. */
async function secret() {
  const dialog = page.getByRole("dialog", { name: "The secret of check-isbn" });
  const told = (await dialog.getByRole("region", { name: "The secret" }).textContent()).trim();
  await dialog.getByRole("button", { name: "It is noted" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.match(told, /^whsec_/);
  return told;
}

test("a hook is made, changed, switched off, given a new secret and deleted", async () => {
  await signIn(page, pair.site, "/hooks");
  await page.getByRole("heading", { name: "No hook yet" }).waitFor();
  await page.keyboard.press("n");
  const form = page.getByRole("dialog", { name: "New hook" });
  await form.getByLabel("Name").fill("check-isbn");
  await form.getByLabel("URL").fill("ftp://example.com/isbn");
  await form.getByLabel("A record is updated").check();
  await form.getByLabel("Collection").selectOption("books");
  await form.getByRole("button", { name: "Create the hook" }).click();
  await form.locator(".field-error").first().waitFor();
  await form.getByLabel("URL").fill("https://example.com/hooks/isbn");
  await form.getByRole("button", { name: "Create the hook" }).click();
  const first = await secret();
  await row("check-isbn").getByText("https://example.com/hooks/isbn").waitFor();
  const made = await api.get("/v1/hooks/check-isbn");
  assert.deepEqual([made.events, made.collection, made.timeout_ms, made.on_failure, made.enabled], [["create", "update"], "books", 5000, "refuse", true]);

  await page.getByRole("link", { name: "check-isbn" }).click();
  const change = page.getByRole("dialog", { name: "check-isbn" });
  await change.getByLabel("Answers within, in ms").fill("10");
  await change.getByRole("button", { name: "Save" }).click();
  await change.locator(".field-error").first().waitFor();
  await change.getByLabel("Answers within, in ms").fill("750");
  await change.getByLabel("Where it does not answer").selectOption({ label: "The write goes on" });
  await change.getByRole("button", { name: "Save" }).click();
  await toast("check-isbn is changed");
  await row("check-isbn").getByText("Goes on").waitFor();

  await row("check-isbn").getByRole("switch").click();
  await toast("check-isbn is not asked any more");
  const changed = await api.get("/v1/hooks/check-isbn");
  assert.deepEqual([changed.timeout_ms, changed.on_failure, changed.enabled, changed.secret], [750, "allow", false, undefined]);

  const more = async (item) => {
    await page.getByRole("button", { name: "More for check-isbn" }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  await more("New secret");
  await page.getByRole("button", { name: "Make a new secret" }).click();
  assert.notEqual(await secret(), first);
  await more("Delete");
  await page.getByRole("button", { name: "Delete the hook" }).click();
  await toast("check-isbn is deleted");
  await page.getByRole("heading", { name: "No hook yet" }).waitFor();
  page.calm();
});

test("mail that was not sent is read", async () => {
  await page.goto(`${pair.site}/outbox`);
  await page.getByRole("heading", { name: "No mail is here" }).waitFor();
  const mail = { to: "Grace <grace@example.com>", subject: "Your parcel", text: "It is\non its way", html: "<b>It is</b>" };
  const { id } = await api.post("/v1/jobs", { kind: "email.send", args: mail });
  await api.get(`/v1/jobs/${id}?wait_seconds=20`);
  await page.getByRole("button", { name: "Refresh" }).click();
  await page.getByRole("link", { name: "Your parcel" }).click();
  const drawer = page.getByRole("dialog", { name: "Your parcel" });
  await drawer.getByRole("region", { name: "The text" }).getByText("on its way").waitFor();
  await drawer.getByText("<b>It is</b>").waitFor();
  await drawer.getByRole("link", { name: "The job that wrote it" }).click();
  await page.waitForURL((url) => url.pathname === `/jobs/${id}`);
  page.calm();
});

test("the file of a job is downloaded", async () => {
  await api.post("/v1/records/books", { title: "Emma" });
  const { id } = await api.post("/v1/jobs", { kind: "records.export", args: { collection: "books", fields: ["title"] } });
  await page.goto(`${pair.site}/jobs/${id}`);
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
  assert.equal(download.suggestedFilename(), "books.csv");
  assert.equal((await readFile(await download.path(), "utf8")).replaceAll("\r", ""), "title\nEmma\n");
  // Whoever has the link may read the file: it is not shown.
  assert.ok(!(await page.locator("main").textContent()).includes("signature="));
  page.calm();
});

test("a schedule that is being written says when it would run", async () => {
  await page.goto(`${pair.site}/schedules?new`);
  const form = page.getByRole("dialog", { name: "New schedule" });
  const runs = form.getByRole("listitem");
  await form.getByRole("textbox", { name: "Cron" }).fill("30 4 29 2 *");
  await runs.getByText(/-02-29 04:30/).first().waitFor();
  assert.equal(await runs.count(), 5);
  await form.getByRole("textbox", { name: "Cron" }).fill("61 4 * * *");
  await form.getByText("None, as it is written").waitFor();
  await form.getByRole("radiogroup", { name: "When" }).getByText("Every").click();
  await runs.getByText(/^in \d+/).first().waitFor();
  assert.deepEqual((await api.get("/v1/schedules")).items, []);
  page.calm();
});

test("nothing is wider than a phone, and axe finds nothing in either theme", async () => {
  const hook = { events: ["create", "update", "delete", "register"], url: "https://example.com/a/long/way/to/the/hook/that/is/asked/before/everything" };
  await api.put("/v1/hooks/asked-before-everything-that-is-written", hook);
  for (const theme of ["light", "dark"]) {
    for (const viewport of [undefined, phone]) {
      const narrow = await open(browser, { viewport, theme });
      await signIn(narrow, pair.site, "/hooks");
      for (const path of ["/hooks", "/hooks?new", "/hooks?hook=asked-before-everything-that-is-written", "/outbox"]) {
        await narrow.goto(`${pair.site}${path}`);
        await narrow.locator("table, .empty, dialog form").first().waitFor();
        await narrow.waitForTimeout(200);
        const wider = await narrow.evaluate(() => [...document.querySelectorAll("main, .table-frame")].some((one) => one.scrollWidth > one.clientWidth + 1));
        assert.ok(!wider, `${path} is wider than ${narrow.viewportSize().width}`);
        // What differs by the theme are the colours.
        const axe = new AxeBuilder({ page: narrow });
        const { violations } = await (theme === "light" ? axe : axe.withRules(["color-contrast"])).analyze();
        assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], `${path} ${theme}`);
      }
      narrow.calm();
      await narrow.context().close();
    }
  }
});
