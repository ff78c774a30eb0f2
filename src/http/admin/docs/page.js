"use strict";

// Shows the operations of openapi.json, each with a form that sends it. Texts are set as text, never as HTML.

const base = document.body.dataset.base;

function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// What a schema looks like as JSON: examples, defaults, or a value of the type.
function sample(schema, description, depth = 0) {
  if (!schema || depth > 6) return null;
  if (schema.$ref) return sample(description.components.schemas[schema.$ref.split("/").pop()], description, depth + 1);
  const choice = (schema.oneOf ?? schema.anyOf ?? schema.allOf)?.find((one) => one.type !== "null");
  if (choice) return sample(choice, description, depth + 1);
  if ("example" in schema) return schema.example;
  if (schema.examples?.length) return schema.examples[0];
  if ("default" in schema) return schema.default;
  if (schema.enum) return schema.enum[0];
  const type = [schema.type].flat().find((one) => one !== "null");
  if (type === "array") return [];
  if (type === "boolean") return false;
  if (type === "integer" || type === "number") return schema.minimum ?? 0;
  if (type !== "object") return schema.format === "date-time" ? new Date(Date.now() + 31536e6).toISOString() : "";
  const required = new Set(schema.required ?? []);
  const members = Object.entries(schema.properties ?? {}).filter(([name, member]) => required.has(name) || "example" in member || member.examples);
  return Object.fromEntries(members.map(([name, member]) => [name, sample(member, description, depth + 1)]));
}

async function send(method, path, body, conditions) {
  const headers = { ...conditions };
  const secret = document.getElementById("secret").value.trim();
  if (secret) headers.Authorization = `Bearer ${secret}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const response = await fetch(base + path, { method, headers, body });
  const text = await response.text();
  let shown = text;
  try {
    shown = JSON.stringify(JSON.parse(text), null, 2);
  } catch { /* It is no JSON: it is shown as it came. */ }
  const kept = ["etag", "retry-after", "allow", "x-request-id"].filter((name) => response.headers.has(name));
  const lines = kept.map((name) => `${name}: ${response.headers.get(name)}`);
  return [`${response.status} ${response.statusText}`, ...lines, "", shown].join("\n");
}

function form(method, path, operation, description) {
  const fields = (operation.parameters ?? []).map((parameter) => {
    const input = element("input", { name: parameter.name, placeholder: parameter.schema?.default ?? "" });
    if (parameter.required) input.required = true;
    return { parameter, input, label: element("label", null, `${parameter.name}: ${parameter.description ?? ""}`, input) };
  });
  const schema = operation.requestBody?.content?.["application/json"]?.schema;
  const text = schema && element("textarea", { spellcheck: "false", "aria-label": "Body" });
  if (text) text.value = JSON.stringify(sample(schema, description) ?? {}, null, 2);
  const answer = element("pre", { hidden: "", "aria-live": "polite" });
  const made = element("form", null, ...fields.map((field) => field.label));
  if (text) made.append(text);
  made.append(element("p", null, element("button", { type: "submit" }, "Send")), answer);
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    let filled = path;
    const query = new URLSearchParams();
    const conditions = {};
    for (const { parameter, input } of fields) {
      if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(input.value));
      else if (parameter.in === "query" && input.value) query.set(parameter.name, input.value);
      else if (parameter.in === "header" && input.value) conditions[parameter.name] = input.value;
    }
    const url = query.size ? `${filled}?${query}` : filled;
    answer.hidden = false;
    answer.textContent = "…";
    try {
      answer.textContent = await send(method, url, text ? text.value : undefined, conditions);
    } catch (error) {
      answer.textContent = `The server did not answer: ${error.message}`;
    }
  });
  return made;
}

function show(description) {
  const shown = document.getElementById("operations");
  shown.replaceChildren();
  for (const tag of description.tags) {
    shown.append(element("h2", null, tag.description));
    for (const [path, item] of Object.entries(description.paths)) {
      for (const [method, operation] of Object.entries(item)) {
        if (!operation.tags?.includes(tag.name)) continue;
        const name = method.toUpperCase();
        const answers = Object.entries(operation.responses).map(([status, response]) =>
          element("tr", null, element("td", null, status), element("td", null, response.description)));
        shown.append(element("details", null,
          element("summary", null, element("b", null, name), element("code", null, path), operation.summary ?? ""),
          element("p", null, operation.description ?? ""),
          form(name, path, operation, description),
          element("table", null, ...answers)));
      }
    }
  }
}

fetch(`${base}/openapi.json`).then((response) => response.json()).then(show).catch((error) => {
  document.getElementById("operations").textContent = `The description could not be read: ${error.message}`;
});
