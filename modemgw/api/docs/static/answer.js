// Sends a call, and shows what comes back.

import { block, element } from "./dom.js";
import { key } from "./key.js";
import { ROOT } from "./request.js";

const MOST = 200_000; // characters of an answer that are shown

/** Fetches; `signal` ends it. */
export function send(call, { secured, signal }) {
  const headers = new Headers(call.headers);
  if (secured && key()) headers.set("Authorization", `Bearer ${key()}`);
  return fetch(ROOT + call.path, {
    method: call.method,
    headers,
    body: call.body ?? undefined,
    signal,
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    referrerPolicy: "no-referrer",
  });
}

/** Shows an answer with an end. */
export async function showAnswer(place, response, took) {
  const text = await response.text();
  place.replaceChildren(statusLine(response, took), headersOf(response));
  const problem = problemOf(text);
  if (problem) {
    place.append(element("a", { href: `${ROOT}/problems/${problem}` }, "What this means, and what to do"));
  }
  if (text) place.append(block(pretty(text, response.headers.get("Content-Type")), "Body"));
  else place.append(element("p", { className: "note" }, "No body."));
}

/** Shows what a stream tells, event by event, until it ends. */
export async function showStream(place, response, took) {
  const list = element("pre", { tabIndex: 0, ariaLabel: "Events" });
  place.replaceChildren(statusLine(response, took), headersOf(response), list);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    list.append(value);
    list.scrollTop = list.scrollHeight;
  }
}

/** The name of the problem that an answer is; null if it is none of ours. */
function problemOf(text) {
  return /^\{"type":"urn:modemgw:problem:([a-z-]+)"/.exec(text)?.[1] ?? null;
}

function statusLine(response, took) {
  const kind = `status s${String(response.status)[0]}`;
  return element("p", { className: "row" },
    element("span", { className: kind }, `${response.status} ${response.statusText}`),
    element("span", { className: "soft" }, `${Math.round(took)} ms`));
}

function headersOf(response) {
  const lines = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  const folded = element("details", { className: "code" }, element("summary", {}, "Headers"));
  folded.append(block(lines, "Headers"));
  return folded;
}

function pretty(text, media) {
  let shown = text;
  if (/\bjson\b/.test(media ?? "")) {
    try {
      shown = JSON.stringify(JSON.parse(text), null, 2);
    } catch { /* as it came, then */ }
  }
  return shown.length > MOST ? `${shown.slice(0, MOST)}\n… ${shown.length - MOST} more characters` : shown;
}
