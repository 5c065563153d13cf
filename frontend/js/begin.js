// What every page asks first, asked before the program is here to ask it: where the API is, a renewal of the session that this browser
// keeps, and what the page at this address shows. The program takes an answer up where it would ask the same (`src/api/begun.rs`); what
// comes to nothing here it asks again, and says what is wrong.

// As in `src/api/session.rs`: the account is written before the token.
const TOKEN = "annex.refresh_token";
const ACCOUNT = "annex.account";
// An answer that nobody has taken up by then is old.
const KEPT_MS = 20_000;

// What a page asks whose frame is that of somebody who is signed in; the first alone what every page asks.
const COLLECTIONS = "/v1/collections";
const ASKED = {
  "/": ["/v1/stats?resolution=10s", "/v1/server", "/v1/requests?limit=6&status=5xx", "/v1/requests?limit=6&status=4xx"],
};

const begun = new Map();

async function text(answer) {
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.text();
}

async function renew(origin, token) {
  const answer = await fetch(`${origin}/v1/auth/refresh`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ refresh_token: token }),
  });
  const said = await text(answer);
  const tokens = JSON.parse(said);
  // Another tab may have ended the session, or replaced it; or it has renewed it too, and was told the same.
  const kept = localStorage.getItem(TOKEN);
  if (kept !== token && kept !== tokens.refresh_token) throw new Error("another session");
  // A token that is not kept would be lost where the program does not come.
  localStorage.setItem(ACCOUNT, tokens.user.id);
  localStorage.setItem(TOKEN, tokens.refresh_token);
  return { said, access: tokens.access_token };
}

function keep(name, promise) {
  begun.set(name, promise);
  promise.catch(() => begun.delete(name));
}

/** Asks, for the page of a route. */
export function ask(route) {
  const config = fetch("/config.json").then(text);
  keep("config", config);
  let token;
  try {
    token = localStorage.getItem(TOKEN);
  } catch {
    return;
  }
  if (!token) return;
  const origin = config.then((config) => JSON.parse(config).api.replace(/\/+$/, ""));
  const session = origin.then((origin) => renew(origin, token));
  keep("session", session.then(({ said }) => said));
  if (route === undefined || route === "/sign-in" || route === "/setup") return;
  for (const path of [COLLECTIONS, ...(ASKED[route] ?? [])]) {
    const answered = async () => {
      const answer = await fetch((await origin) + path, { headers: { authorization: `Bearer ${(await session).access}` } });
      if (!answer.ok) throw new Error(`${answer.status}`);
      return answer;
    };
    keep(path, answered());
    setTimeout(() => begun.delete(path), KEPT_MS);
  }
}

/** What was begun under a name, once; where the API is, always. */
export function take(name) {
  const promise = begun.get(name);
  if (name !== "config") begun.delete(name);
  return promise;
}
