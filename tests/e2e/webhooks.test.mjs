// What a webhook is sent is verified with the library that the Standard Webhooks project itself has for it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { client, start } from "./annex.mjs";

let pair, api, receiver;
const messages = [];
before(async () => {
  receiver = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    messages.push({ headers: request.headers, body });
    response.writeHead(204).end();
  });
  await new Promise((done) => receiver.listen(0, "127.0.0.1", done));
  pair = await start({ settings: { ANNEX_OUTBOUND_ALLOW: "127.0.0.1" } });
  api = await client(pair.api);
  await api.post("/v1/collections", { name: "books", fields: [{ name: "title", type: "text" }] });
});
after(async () => {
  await pair?.end();
  receiver?.closeAllConnections();
  receiver?.close();
});

async function next(count) {
  for (let tries = 0; messages.length < count; tries++) {
    assert.ok(tries < 300, `${messages.length} messages came, and not ${count}`);
    await new Promise((done) => setTimeout(done, 100));
  }
  return messages[count - 1];
}

test("what is sent is signed as the specification says", async () => {
  const url = `http://127.0.0.1:${receiver.address().port}/`;
  const hook = await api.post("/v1/webhooks", { name: "books", url, collection: "books", events: ["record.created"] });
  const book = await api.post("/v1/records/books", { title: "Emma – „ein Roman“" });
  const first = await next(1);
  const event = new Webhook(hook.secret).verify(first.body, first.headers);
  assert.equal(event.type, "record.created");
  assert.deepEqual(event.data.record, book);
  assert.throws(() => new Webhook(hook.secret).verify(first.body.replace("Emma", "Anna"), first.headers), /signature/i);

  const rotated = await api.post(`/v1/webhooks/${hook.id}/rotate`, {});
  await api.post(`/v1/webhooks/${hook.id}/test`, {});
  const second = await next(2);
  for (const secret of [hook.secret, rotated.secret]) {
    assert.equal(new Webhook(secret).verify(second.body, second.headers).type, "webhook.test");
  }
});
