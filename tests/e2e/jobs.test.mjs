// Jobs as they are watched and handled: enqueued, run by a worker over HTTP, failed, tried again, cancelled, held back.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { client, start } from "./annex.mjs";
import { launch, open, phone, signIn } from "./browser.mjs";

let pair, browser, page, api, job, batch;
before(async () => {
  pair = await start();
  browser = await launch();
  api = await client(pair.api);
  page = await open(browser);
});
after(async () => {
  await browser?.close();
  await pair?.end();
});

const toast = (words) => page.getByRole("region", { name: "News" }).getByText(words).waitFor();
const heading = (name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
const row = (name) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

/** A worker takes the next job of a queue. */
async function claim(queue = "default") {
  const { jobs } = await api.post(`/v1/queues/${queue}/claim`, { wait_seconds: 20, worker: "scales" });
  assert.equal(jobs.length, 1);
  const [{ id, lease_token }] = jobs;
  return { id, say: (what, body) => api.post(`/v1/jobs/${id}/${what}`, { lease_token, ...body }) };
}

test("where there is no job yet, it says how the first one is enqueued, and shows it when it comes", async () => {
  await signIn(page, pair.site, "/jobs");
  await page.getByRole("heading", { name: "No job yet" }).waitFor();
  await page.getByText("select annex.enqueue(").waitFor();
  await pair.psql(`select annex.enqueue('parcel.weigh', '{"parcel": 7, "to": "ada@example.com"}', '{"tags": ["heavy"]}')`);
  await row("parcel.weigh").getByText("Ready").waitFor();
  await row("parcel.weigh").getByText("heavy").waitFor();
  page.calm();
});

test("a job is followed while it runs", async () => {
  await page.getByRole("link", { name: "parcel.weigh" }).click();
  await heading("parcel.weigh");
  job = new URL(page.url()).pathname.split("/").pop();
  await page.getByText("Waits for a worker of the queue").waitFor();
  const work = await claim();
  const status = page.locator(".standing");
  await status.getByText("Running").waitFor();
  await work.say("progress", { progress: 0.4, message: "2 of 5 scales", log: [{ level: "warn", message: "The third scale is slow" }] });
  await status.getByText("2 of 5 scales").waitFor();
  assert.equal(await page.getByRole("progressbar", { name: "Progress" }).getAttribute("aria-valuenow"), "40");
  await page.getByRole("log").getByText("The third scale is slow").waitFor();
  await work.say("fail", { error: { message: "A scale is broken", code: "broken" }, retry_in_seconds: 600 });
  await status.getByText("Retrying").waitFor();
  await page.getByText("A scale is broken").first().waitFor();
  await page.getByText(/^Is tried again/).waitFor();
  page.calm();
});

test("it is cancelled, and retried, and succeeds", async () => {
  const status = page.locator(".standing");
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("dialog", { name: "Cancel this job?" }).getByRole("button", { name: "Cancel the job" }).click();
  await toast("It is cancelled");
  await status.getByText("Cancelled").waitFor();
  await page.getByRole("button", { name: "Retry", exact: true }).click();
  await toast("It is tried again");
  const work = await claim();
  assert.equal(work.id, job);
  await status.getByText("Running").waitFor();
  await work.say("complete", { result: { grams: 1200 } });
  await status.getByText("Succeeded").waitFor();
  await page.getByRole("heading", { name: "Result" }).waitFor();
  await page.getByText("grams").first().waitFor();
  assert.equal((await api.get(`/v1/jobs/${job}`)).state, "succeeded");
  page.calm();
});

test("a queue is paused and resumed, and gets limits", async () => {
  await page.goto(`${pair.site}/queues`);
  await page.getByRole("button", { name: "Pause default" }).click();
  await toast("default is paused");
  await row("default").getByText("Paused").waitFor();
  assert.equal((await api.get("/v1/queues/default")).paused, true);
  await page.getByRole("button", { name: "Resume default" }).click();
  await row("default").getByText("Paused").waitFor({ state: "hidden" });
  await page.getByRole("button", { name: "Limits of default" }).click();
  const dialog = page.getByRole("dialog", { name: "Limits of default" });
  await dialog.getByLabel("Jobs at once", { exact: true }).fill("0");
  await dialog.getByText("A whole number").waitFor();
  await dialog.getByLabel("Jobs at once", { exact: true }).fill("5");
  await dialog.getByLabel("Starts per key").fill("100");
  await dialog.getByRole("button", { name: "Set the limits" }).click();
  await toast("The limits of default are set");
  await row("default").getByText("5 at once, 100 / min per key").waitFor();
  const queue = await api.get("/v1/queues/default");
  assert.deepEqual([queue.concurrency, queue.key_rate], [5, { limit: 100, period_seconds: 60 }]);
  page.calm();
});

test("jobs are found by their arguments, and everything that matches is cancelled", async () => {
  for (let parcel = 0; parcel < 6; parcel++) await api.post("/v1/jobs", { kind: "parcel.send", queue: "post", args: { parcel, by: parcel < 4 ? "ship" : "air" } });
  await page.goto(`${pair.site}/jobs`);
  await page.getByLabel("Arguments contain").fill('"by": "ship"');
  await page.keyboard.press("Enter");
  await page.waitForURL(/args=/);
  const rows = page.getByRole("row").filter({ hasText: "parcel.send" });
  await page.waitForFunction(() => document.querySelectorAll(".jobs tbody tr").length === 4);
  await rows.first().getByRole("checkbox").check();
  const bar = page.getByRole("region", { name: "Selected jobs" });
  await bar.getByText("1 selected").waitFor();
  await bar.getByRole("button", { name: "Select everything that matches" }).click();
  await bar.getByRole("button", { name: "Cancel" }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel 4 jobs?" });
  const act = dialog.getByRole("button", { name: "Cancel them" });
  assert.ok(await act.isDisabled());
  await dialog.getByLabel("Type 4 to confirm").fill("4");
  await act.click();
  await toast("4 jobs cancelled");
  await page.waitForFunction(() => [...document.querySelectorAll(".jobs tbody tr")].every((row) => row.innerText.includes("Cancelled")));
  assert.equal((await api.get("/v1/jobs?queue=post&state=ready")).items.length, 2);
  page.calm();
});

test("a workflow is drawn, and goes on while one looks", async () => {
  const of = (step, ...needs) => ({ step, needs, job: { kind: `film.${step}`, queue: "films" } });
  batch = (await api.post("/v1/batches", { name: "A film", jobs: [of("cut"), of("sound", "cut"), of("titles", "cut"), of("print", "sound", "titles")] })).id;
  await page.goto(`${pair.site}/batches`);
  await page.getByRole("link", { name: "A film" }).click();
  await heading("A film");
  const card = (step) => page.locator(".diagram-card").filter({ hasText: step });
  await card("print").getByText("Scheduled").waitFor();
  const [cut, print] = [await card("cut").first().boundingBox(), await card("print").boundingBox()];
  assert.ok(cut.x < print.x, "what is needed lies to the left");
  await (await claim("films")).say("complete", {});
  await card("cut").first().getByText("Succeeded").waitFor();
  await card("sound").getByText("Ready").waitFor();
  page.calm();
});

test("a schedule is made, run now, changed, paused and deleted", async () => {
  await page.goto(`${pair.site}/schedules`);
  await page.getByRole("heading", { name: "No schedule yet" }).waitFor();
  await page.getByRole("button", { name: "New schedule" }).click();
  const form = page.getByRole("dialog", { name: "New schedule" });
  const create = form.getByRole("button", { name: "Create the schedule" });
  await form.getByLabel("Name").fill("Nightly");
  await form.getByText("with a letter first").waitFor();
  assert.ok(await create.isDisabled());
  await form.getByLabel("Name").fill("nightly");
  await form.getByLabel("Kind").fill("parcel.count");
  await form.getByLabel("Queue").fill("nights");
  await form.getByRole("textbox", { name: "Cron" }).fill("61 4 * * *");
  await create.click();
  await form.getByText("`61` cannot be the minute").waitFor();
  await form.getByRole("textbox", { name: "Cron" }).fill("30 4 * * MON-FRI");
  await form.getByText("Monday to Friday at 04:30").waitFor();
  await form.getByLabel("Time zone").fill("Europe/Nowhere");
  await create.click();
  await form.getByText("is not a time zone").waitFor();
  await form.getByLabel("Time zone").fill("Europe/Vienna");
  await create.click();
  await toast("nightly is scheduled");
  await row("nightly").getByText("Monday to Friday at 04:30").last().waitFor();
  const made = await api.get("/v1/schedules/nightly");
  assert.deepEqual([made.job.kind, made.cron, made.time_zone, made.next_runs.length], ["parcel.count", "30 4 * * MON-FRI", "Europe/Vienna", 5]);

  await row("nightly").getByRole("button", { name: "Run now" }).click();
  await toast("parcel.count is enqueued");
  await row("nightly").getByText("just now").waitFor();
  const work = await claim("nights");
  assert.equal(work.id, (await api.get("/v1/schedules/nightly")).last_job_id);
  await work.say("complete", {});

  const more = async (item) => {
    await page.getByRole("button", { name: "More for nightly" }).click();
    await page.getByRole("menuitem", { name: item }).click();
  };
  await more("Pause");
  await toast("nightly is paused");
  await row("nightly").getByText("Paused").waitFor();
  await more("Resume");
  await row("nightly").getByText("Paused").waitFor({ state: "hidden" });

  await page.getByRole("link", { name: "nightly" }).click();
  const change = page.getByRole("dialog", { name: "nightly" });
  await change.getByText("Next runs").waitFor();
  await change.getByRole("radiogroup", { name: "When" }).getByText("Every").click();
  await change.getByRole("textbox", { name: "Every" }).fill("2");
  await change.getByLabel("Unit").selectOption({ label: "hours" });
  await change.getByText("No new job while the one before has not ended").click();
  await change.getByRole("button", { name: "Save" }).click();
  await toast("nightly is changed");
  await row("nightly").getByText("Every 2 hours").last().waitFor();
  const changed = await api.get("/v1/schedules/nightly");
  assert.deepEqual([changed.cron, changed.every_seconds, changed.job.unique_key], [null, 7200, "nightly"]);

  await more("Delete");
  await page.getByRole("dialog", { name: "Delete nightly?" }).getByRole("button", { name: "Delete the schedule" }).click();
  await toast("nightly is deleted");
  await page.getByRole("heading", { name: "No schedule yet" }).waitFor();
  page.calm();
});

test("the same without a mouse", async () => {
  await page.goto(`${pair.site}/`);
  await heading("Overview");
  await page.keyboard.press("g");
  await page.keyboard.press("j");
  await heading("Jobs");
  await page.keyboard.press("Control+k");
  await page.getByRole("dialog", { name: "Commands" }).waitFor();
  await page.keyboard.type("failed jobs");
  await page.getByRole("option", { selected: true }).filter({ hasText: "Failed jobs" }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/jobs\?state=failed/);
  await page.goto(`${pair.site}/jobs?kind=parcel.weigh`);
  const link = page.getByRole("link", { name: "parcel.weigh" });
  await link.waitFor();
  for (let presses = 0; presses < 60 && !(await link.evaluate((one) => one === document.activeElement)); presses++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await heading("parcel.weigh");
  page.calm();
});

test("nothing is wider than a phone, and axe finds nothing in either theme", async () => {
  const work = await claim("films");
  await work.say("progress", { progress: 0.5, message: "Half of it" });
  const cron = { job: { kind: "parcel.count" }, cron: "30 4 * * MON-FRI", time_zone: "Europe/Vienna" };
  await api.put("/v1/schedules/parcels-are-counted-every-night", cron);
  await api.put("/v1/schedules/resting", { ...cron, paused: true });
  const paths = ["/schedules", "/schedules?new", "/schedules?schedule=resting", "/jobs", `/jobs/${job}`, `/jobs/${work.id}`, "/queues?limits=default", "/queues", "/workers", "/batches", `/batches/${batch}`];
  for (const theme of ["light", "dark"]) {
    const narrow = await open(browser, { viewport: phone, touch: true, theme });
    await signIn(narrow, pair.site, "/jobs");
    for (const path of paths) {
      await narrow.goto(pair.site + path);
      await narrow.locator(".page > *").first().waitFor();
      await narrow.locator(".skeleton").first().waitFor({ state: "detached" });
      const wider = await narrow.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(wider <= 0, `${path} is ${wider} px wider than the screen`);
      // What differs by the theme are the colours.
      const axe = new AxeBuilder({ page: narrow });
      const { violations } = await (theme === "light" ? axe : axe.withRules(["color-contrast"])).analyze();
      assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), [], `${path} in the ${theme} theme`);
    }
    narrow.calm();
    await narrow.context().close();
  }
});
