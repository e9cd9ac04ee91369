// The form that tries one call.

import { element, block } from "./dom.js";
import { send, showAnswer, showStream } from "./answer.js";
import { callOf, curlOf } from "./request.js";

const FOLLOW_S = 20;

/** Puts the form of an operation into its (empty) place. */
export function putForm(place, method, path, operation) {
  const endless = "text/event-stream" in (operation.responses["200"]?.content ?? {});
  const secured = !(operation.security && operation.security.length === 0);
  const id = operation.operationId;
  const fields = (operation.parameters ?? []).map((parameter) => fieldOf(id, parameter));
  const content = operation.requestBody?.content["application/json"];
  const body = content ? bodyOf(id, content) : null;
  const go = element("button", { type: "submit", className: "go" }, endless ? `Follow for ${FOLLOW_S} s` : `Send ${method}`);
  const stop = element("button", { type: "button", hidden: true }, "Stop");
  const curl = element("div");
  const result = element("div", { className: "result", role: "status", ariaLive: "polite" });
  const form = element("form", { autocomplete: "off" },
    ...fields.map((field) => field.label),
    body && body.label,
    element("div", { className: "row" }, go, stop,
      method === "GET" ? null : element("p", { className: "note" }, "This is the live gateway: what you send is done.")),
    element("details", { className: "code" }, element("summary", {}, "As curl"), curl));
  place.append(form, result);
  let running = null;

  function call() {
    return callOf(method, path, {
      parameters: fields.map((field) => ({ ...field, value: field.input.value.trim() })),
      body: body ? body.input.value : null,
    });
  }

  function showCurl() {
    curl.replaceChildren(block(curlOf(call(), { secured, endless }), "As curl"));
  }

  async function run() {
    running = new AbortController();
    go.disabled = true;
    stop.hidden = !endless;
    result.replaceChildren(element("p", { className: "note" }, "…"));
    const timer = endless ? setTimeout(() => running.abort(), FOLLOW_S * 1000) : null;
    const began = performance.now();
    try {
      const response = await send(call(), { secured, signal: running.signal });
      const took = performance.now() - began;
      await (endless && response.ok ? showStream : showAnswer)(result, response, took);
    } catch (error) {
      if (error.name !== "AbortError") {
        result.replaceChildren(element("p", { className: "wrong" }, `No answer: ${error.message}`));
      }
    } finally {
      clearTimeout(timer);
      go.disabled = false;
      stop.hidden = true;
    }
  }

  form.addEventListener("input", showCurl);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (body && !body.check()) return;
    run();
  });
  stop.addEventListener("click", () => running?.abort());
  showCurl();
}

function fieldOf(id, parameter) {
  const { name, schema } = parameter;
  const choices = schema.enum ?? (schema.type === "boolean" ? ["true", "false"] : null);
  const input = choices
    ? element("select", {}, element("option", { value: "" }, ""), ...choices.map((c) => element("option", { value: c }, c)))
    : element("input", { type: "text", spellcheck: false });
  input.id = `${id}--${name}`;
  input.name = name;
  input.required = Boolean(parameter.required);
  if (!choices) input.placeholder = parameter.example ?? "";
  input.title = parameter.description ?? "";
  const label = element("label", {}, element("span", {}, element("code", {}, name), ` ${parameter.in}${parameter.required ? ", required" : ""}`), input);
  return { name, place: parameter.in, input, label };
}

function bodyOf(id, content) {
  const examples = content.examples ?? { only: { summary: "", value: content.example } };
  const names = Object.keys(examples);
  const text = (name) => JSON.stringify(examples[name].value, null, 2);
  const input = element("textarea", { id: `${id}--body`, spellcheck: false, value: text(names[0]) });
  input.rows = Math.min(16, Math.max(4, input.value.split("\n").length + 1));
  const wrong = element("span", { className: "wrong", role: "alert" });
  const label = element("label", {}, element("span", {}, "Body"), input, wrong);
  if (names.length > 1) {
    const choice = element("select", { ariaLabel: "Example" },
      ...names.map((name) => element("option", { value: name }, examples[name].summary)));
    choice.addEventListener("change", () => { input.value = text(choice.value); });
    label.insertBefore(choice, input);
  }
  return {
    input,
    label,
    check() {
      try {
        JSON.parse(input.value);
        wrong.textContent = "";
        return true;
      } catch (error) {
        wrong.textContent = `This is not JSON: ${error.message}`;
        input.focus();
        return false;
      }
    },
  };
}
