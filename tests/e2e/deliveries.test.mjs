// Webhooks are made, tried, told, and told again; triggers enqueue jobs.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { client, start } from "./annex.mjs";
import { launch, open, phone, signIn } from "./browser.mjs";

let pair, browser, page, api, program;
before(async () => {
  program = await receiver();
  pair = await start({ settings: { ANNEX_OUTBOUND_ALLOW: "127.0.0.1" } });
  browser = await launch();
  api = await client(pair.api);
  page = await open(browser);
  await api.post("/v1/collections", {
    name: "posts",
    fields: [{ name: "title", type: "text" }, { name: "status", type: "enum", values: ["draft", "published"], default: "draft" }],
  });
});
after(async () => {
  await browser?.close();
  await pair?.end();
  program?.server.close();
});

/** The program that is told. It answers as `status` says. */
async function receiver() {
  const program = { status: 204, heard: [] };
  program.server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      program.heard.push({ headers: request.headers, body: JSON.parse(body) });
      response.writeHead(program.status, { "content-type": "text/plain" }).end(program.status === 204 ? undefined : "not now");
    });
  }).listen(0, "127.0.0.1");
  await new Promise((done) => program.server.once("listening", done));
  program.url = `http://127.0.0.1:${program.server.address().port}/told`;
  return program;
}

const toast = (words) => page.getByRole("region", { name: "News" }).getByText(words).waitFor();
const drawer = (name) => page.getByRole("dialog", { name });
const deliveries = () => page.getByRole("region", { name: "Deliveries" }).getByRole("row");

/** What a dialog tells once. */
async function secret(name) {
  const dialog = drawer(`The secret of ${name}`);
  const told = (await dialog.getByRole("region", { name: "The secret" }).textContent()).trim();
  await dialog.getByRole("button", { name: "It is noted" }).click();
  await dialog.waitFor({ state: "hidden" });
  assert.match(told, /^whsec_/);
  return told;
}

test("a webhook is made, and tried", async () => {
  await signIn(page, pair.site, "/webhooks");
  await page.getByRole("heading", { name: "No webhook yet" }).waitFor();
  await page.keyboard.press("n");
  const form = drawer("New webhook");
  await form.getByLabel("Name").fill("search-index");
  await form.getByLabel("URL").fill("ftp://example.com");
  await form.getByLabel("A record is updated").check();
  await form.getByLabel("Collection").selectOption("posts");
  await form.getByRole("textbox", { name: "Condition" }).fill('status = "published"');
  await form.getByLabel("Headers").fill("x-token: 7");
  await form.getByRole("button", { name: "Create the webhook" }).click();
  await form.locator(".field-error").first().waitFor();
  await form.getByLabel("URL").fill(program.url);
  await form.getByRole("button", { name: "Create the webhook" }).click();
  await secret("search-index");
  const [made] = (await api.get("/v1/webhooks")).items;
  assert.deepEqual(
    [made.events, made.collection, made.condition, made.headers],
    [["record.created", "record.updated"], "posts", 'status = "published"', { "x-token": "7" }],
  );
  await page.getByRole("link", { name: "search-index" }).click();
  await page.getByRole("button", { name: "Test" }).click();
  const delivery = drawer("webhook.test");
  await delivery.getByText("Delivered").waitFor();
  await delivery.getByRole("region", { name: "The request" }).getByText(program.url).waitFor();
  await delivery.locator(".attempt").getByText("204").waitFor();
  assert.equal(program.heard.at(-1).headers["x-token"], "7");
  await delivery.getByRole("button", { name: "Close" }).click();
  page.calm();
});

test("what fulfils the condition is told, and nothing else", async () => {
  await api.post("/v1/records/posts", { title: "Not yet" });
  await api.post("/v1/records/posts", { title: "Told", status: "published" });
  await page.getByRole("button", { name: "Refresh" }).click();
  await deliveries().filter({ hasText: "record.created" }).getByText("Delivered").waitFor();
  assert.equal(await deliveries().filter({ hasText: "record.created" }).count(), 1);
  const heard = program.heard.filter((one) => one.body.type === "record.created");
  assert.deepEqual(heard.map((one) => one.body.data.record.title), ["Told"]);
  page.calm();
});

test("one that is refused is seen, and made again by hand and by period", async () => {
  program.status = 503;
  await api.post("/v1/records/posts", { title: "Refused", status: "published" });
  await page.getByRole("button", { name: "Refresh" }).click();
  const row = deliveries().filter({ has: page.getByText("Retrying") });
  await row.first().waitFor();
  await row.first().getByRole("link").click();
  const delivery = drawer("record.created");
  await delivery.locator(".attempt").first().getByText("503").waitFor();
  await delivery.getByRole("region", { name: "Body of the answer" }).first().getByText("not now").waitFor();
  await delivery.getByRole("button", { name: "Close" }).click();
  program.status = 204;

  const told = () => program.heard.filter((one) => one.body.data.record?.title === "Told").length;
  const before = told();
  await page.getByRole("radiogroup", { name: "State" }).getByText("Delivered").click();
  await page.waitForURL((url) => url.searchParams.get("state") === "delivered");
  await deliveries().filter({ hasText: "record.created" }).last().getByRole("link").click();
  await delivery.getByRole("button", { name: "Replay" }).click();
  await delivery.getByText("Delivered").waitFor();
  await delivery.locator(".attempt").nth(1).waitFor();
  assert.equal(told(), before + 1);
  await delivery.getByRole("button", { name: "Close" }).click();

  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("menuitem", { name: "Replay a period" }).click();
  const replay = drawer("Replay a period");
  await replay.getByLabel("Which").selectOption({ label: "Those that were delivered" });
  await replay.getByRole("button", { name: "Replay" }).click();
  await toast(/deliver(y is|ies are) made again/);
  page.calm();
});

test("it is changed, switched off, given a new secret and deleted", async () => {
  await page.getByRole("button", { name: "Change" }).click();
  const form = drawer("Change the webhook");
  await form.getByLabel("A record is deleted").check();
  await form.getByRole("textbox", { name: "Condition" }).fill("");
  await form.getByRole("button", { name: "Save" }).click();
  await toast("search-index is changed");
  await page.getByText("record.deleted").first().waitFor();
  await page.getByRole("switch", { name: "Told" }).click();
  await toast("search-index is not told any more");
  const [changed] = (await api.get("/v1/webhooks")).items;
  assert.deepEqual([changed.enabled, changed.condition, changed.events.length], [false, null, 3]);
  const more = async (item) => {
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  await more("New secret");
  await page.getByRole("button", { name: "Make a new secret" }).click();
  await secret("search-index");
  await page.getByText("Old secret").waitFor();
  await more("Delete");
  await page.getByRole("button", { name: "Delete the webhook" }).click();
  await toast("search-index is deleted");
  await page.getByRole("heading", { name: "No webhook yet" }).waitFor();
  page.calm();
});

test("a trigger enqueues a job with what happened", async () => {
  await page.goto(`${pair.site}/triggers`);
  await page.getByRole("heading", { name: "No trigger yet" }).waitFor();
  await page.keyboard.press("n");
  const form = drawer("New trigger");
  await form.getByLabel("Name").fill("thumbnails");
  await form.getByLabel("Collection").selectOption("posts");
  await form.getByLabel("Kind").fill("image.shrink");
  await form.getByRole("button", { name: "Create the trigger" }).click();
  await toast("thumbnails is made");
  const { id } = await api.post("/v1/records/posts", { title: "Triggers" });
  await page.goto(`${pair.site}/jobs?kind=image.shrink`);
  await page.getByRole("link", { name: "image.shrink" }).first().waitFor();
  const [job] = (await api.get("/v1/jobs?kind=image.shrink")).items;
  const { args } = await api.get(`/v1/jobs/${job.id}`);
  assert.deepEqual([args.event.type, args.event.data.id], ["record.created", id]);
  await page.goto(`${pair.site}/triggers`);
  await page.getByRole("row").filter({ hasText: "thumbnails" }).getByRole("switch").click();
  await toast("thumbnails is off");
  await page.getByRole("button", { name: "More for thumbnails" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete the trigger" }).click();
  await toast("thumbnails is deleted");
  page.calm();
});

test("nothing is wider than a phone, and axe finds nothing in either theme", async () => {
  const webhook = { name: "told-of-everything-that-happens", url: `${program.url}/a/long/way/to/the/program/that/is/told`, events: ["record.created", "record.updated", "record.deleted", "job.failed"], collection: "posts", condition: 'status = "published"' };
  const { id } = await api.post("/v1/webhooks", webhook);
  await api.put("/v1/triggers/enqueues", { events: ["record.created"], collection: "posts", job: { kind: "image.shrink" } });
  const tried = await api.post(`/v1/webhooks/${id}/test`);
  const paths = ["/webhooks", "/webhooks?new", `/webhooks/${id}`, `/webhooks/${id}?change`, `/webhooks/${id}?replay`, `/webhooks/${id}?delivery=${tried.id}`, "/triggers", "/triggers?trigger=enqueues"];
  for (const [theme, viewport] of [["light", undefined], ["dark", phone]]) {
    const other = await open(browser, { viewport, theme });
    await signIn(other, pair.site, "/webhooks");
    for (const path of paths) {
      await other.goto(`${pair.site}${path}`);
      await other.locator(path.includes("?") ? "dialog[open] form, dialog[open] .attempt" : "table").first().waitFor();
      const wider = await other.evaluate(() => [...document.querySelectorAll("main, .table-frame")].some((one) => one.scrollWidth > one.clientWidth + 1));
      assert.ok(!wider, `${path} is wider than ${other.viewportSize().width}`);
      const { violations } = await new AxeBuilder({ page: other }).analyze();
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), [], `${path} ${theme}`);
    }
    other.calm();
    await other.context().close();
  }
});
