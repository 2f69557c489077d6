// Calls to our own API. An answer is a value, also when it is a refusal or never comes: whoever calls
// decides what a person is told.

const TIMEOUT_MS = 5000;
export const LOGIN = '/api/v1/login';

/** Leaves for the page that asks for a key and leads back here; nobody who waits here is answered. */
export function leaveToSignIn() {
  location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
  return false;
}

let signIn = leaveToSignIn;

/** How this page asks for a key when nobody is signed in any more: `ask()` is whether somebody is again, or a promise of it. */
export function whenSignedOut(ask) {
  signIn = ask;
}

/** A 401 came: have a key asked for; what `ask` of `whenSignedOut` gives. */
export function askToSignIn() {
  return signIn();
}

/**
 * One call: {ok, status, body, failure}. `path` begins with /api/v1; `failure` is null, 'timeout' (it may
 * have been done) or 'network'; `body` is the document of the answer, null when there is none to read.
 * What somebody has written waits until they are signed in again, and is then sent as it was: a 401 has done
 * nothing. A read does not wait: whoever wants it asks again.
 */
export async function call(method, path, body, options = {}) {
  const answer = await send(method, path, body, options);
  if (answer.status !== 401 || path === LOGIN) return answer;
  const isBack = askToSignIn();
  return method !== 'GET' && (await isBack) ? send(method, path, body, options) : answer;
}

async function send(method, path, body, { timeoutMs = TIMEOUT_MS, signal }) {
  const signals = [AbortSignal.timeout(timeoutMs), ...(signal ? [signal] : [])];
  const request = { method, signal: AbortSignal.any(signals) };
  if (body !== undefined && body !== null) {
    request.headers = { 'Content-Type': 'application/json' };
    request.body = JSON.stringify(body);
  }
  try {
    const answer = await fetch(path, request);
    return { ok: answer.ok, status: answer.status, body: await document(answer), failure: null };
  } catch (error) {
    const failure = error?.name === 'TimeoutError' ? 'timeout' : 'network';
    return { ok: false, status: 0, body: null, failure };
  }
}

async function document(answer) {
  const text = await answer.text();
  try {
    return text === '' ? null : JSON.parse(text);
  } catch {
    return null; // a proxy's own page is no answer of ours
  }
}

/** A path with its query; what is null, undefined or '' is left out, a list is joined by commas. */
export function withQuery(path, values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    const text = Array.isArray(value) ? value.join(',') : value;
    if (text !== null && text !== undefined && text !== '') query.set(name, text);
  }
  const written = query.toString();
  return written ? `${path}?${written}` : path;
}
