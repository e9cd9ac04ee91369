// A call as data, and as a line for the shell. Pure.

/** Where the API is: beside the page, whatever a proxy puts before it. */
export const ROOT = new URL(".", document.baseURI).href.replace(/\/$/, "");

/** The call that a form's values make: {method, path, headers, body}. */
export function callOf(method, path, values) {
  const query = new URLSearchParams();
  const headers = {};
  let filled = path;
  for (const { name, place, value } of values.parameters) {
    if (place === "path") filled = filled.replace(`{${name}}`, encodeURIComponent(value));
    else if (value === "") continue;
    else if (place === "query") query.append(name, value);
    else headers[name] = value;
  }
  if (values.body !== null) headers["Content-Type"] = "application/json";
  const tail = query.toString();
  return { method, path: tail ? `${filled}?${tail}` : filled, headers, body: values.body };
}

/** The same call for curl; the key is named and not shown. */
export function curlOf(call, { secured, endless }) {
  const parts = [endless ? "curl -sN" : "curl -si"];
  const usual = call.body === null ? "GET" : "POST";
  if (call.method !== usual) parts[0] += ` -X ${call.method}`;
  parts[0] += ` ${quoted(ROOT + call.path)}`;
  if (secured) parts.push('-H "Authorization: Bearer $MODEMGW_KEY"');
  for (const [name, value] of Object.entries(call.headers)) parts.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (call.body !== null) parts.push(`-d ${quoted(call.body)}`);
  return parts.join(" \\\n  ");
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
