// The OpenAPI documents as a plain model, from which the templates of all languages are filled.
// Types come from the view for SDKs. It has no headers, so the flags of an operation come from the full document.

import fs from "node:fs";
import path from "node:path";

const METHODS = ["get", "post", "put", "patch", "delete"];

/**
 * Schema: { name, description, values } for an enum, { name, description, properties, response } for an object.
 * Property: { name, type, required, open, description }; `open`: a response whose values are only known in part.
 * Type: { kind: "string" | "time" | "integer" | "number" | "boolean" }, { kind: "schema", name },
 * { kind: "array" | "map", of }.
 */
export function readModel(folder) {
  const [full, view, codes] = ["openapi.json", "openapi-sdk.json", "error-codes.json"].map((name) =>
    JSON.parse(fs.readFileSync(path.join(folder, name), "utf8")));
  const schemas = schemasOf(view, full);
  return { schemas, operations: operationsOf(view, full), codes };
}

// `register.sendCode` is `registerSendCode` in the view.
const viewId = (id) => id.replace(/\.(.)/g, (_, letter) => letter.toUpperCase());
const refName = (schema) => schema?.$ref?.split("/").pop();

function operationsById(document) {
  const entries = Object.entries(document.paths).flatMap(([route, item]) => METHODS
    .filter((method) => item[method])
    .map((method) => ({ route, method: method.toUpperCase(), ...item[method] })));
  return new Map(entries.map((operation) => [viewId(operation.operationId), operation]));
}

function operationsOf(view, full) {
  const complete = operationsById(full);
  return [...operationsById(view)].map(([id, operation]) => {
    if (!complete.has(id)) throw new Error(`${id} is not in openapi.json`);
    const parameters = (complete.get(id).parameters ?? []).map((parameter) => refName(parameter) ?? parameter.name);
    const body = schemaOf(operation.requestBody?.content, id);
    const fields = Object.keys(view.components.schemas[body]?.properties ?? {});
    const success = Object.entries(operation.responses).find(([status]) => status.startsWith("2"));
    const answer = schemaOf(success?.[1].content, id);
    return {
      id,
      method: operation.method,
      path: operation.route,
      bearer: (operation.security ?? []).some((scheme) => Object.keys(scheme).length > 0),
      proof: parameters.includes("DPoP"),
      idempotencyKey: parameters.includes("IdempotencyKey"),
      clientId: fields.includes("client_id"),
      deviceName: fields.includes("device_name"),
      body,
      answer,
      // An answer of the service has these fields. The page of something in between has not.
      answerFields: view.components.schemas[answer]?.required ?? [],
    };
  });
}

/** The name of the schema of a JSON body, `undefined` where there is no body. */
function schemaOf(content, where) {
  const schema = content?.["application/json"]?.schema;
  if (schema && !refName(schema)) throw new Error(`${where}: the schema has no name`);
  return refName(schema);
}

function schemasOf(view, full) {
  const responses = responseNames(view);
  return Object.entries(view.components.schemas).map(([name, schema]) => {
    const { description = "" } = schema;
    if (schema.enum) return { name, description, values: schema.enum };
    const response = responses.has(name);
    const required = new Set(schema.required ?? []);
    const properties = Object.entries(schema.properties ?? {}).map(([property, part]) => ({
      name: property,
      type: typeOf(part, `${name}.${property}`),
      required: required.has(property),
      open: response && isOpen(full.components.schemas, full.components.schemas[name].properties[property]),
      description: part.description ?? "",
      example: part.example,
    }));
    return { name, description, response, properties };
  });
}

function typeOf(schema, where) {
  if (refName(schema)) return { kind: "schema", name: refName(schema) };
  switch (schema.type) {
    case "string": return { kind: schema.format === "date-time" ? "time" : "string" };
    case "integer": case "number": case "boolean": return { kind: schema.type };
    case "array": return { kind: "array", of: typeOf(schema.items, where) };
    case "object": return { kind: "map", of: typeOf(schema.additionalProperties, where) };
    default: throw new Error(`${where}: no template for the type ${JSON.stringify(schema)}`);
  }
}

/** The names of the schemas that responses contain. */
function responseNames(view) {
  const { schemas, responses } = view.components;
  const found = new Set();
  const visit = (part) => {
    if (part === null || typeof part !== "object") return;
    const name = part.$ref?.startsWith("#/components/schemas/") ? refName(part) : undefined;
    if (name !== undefined && !found.has(name)) {
      found.add(name);
      visit(schemas[name]);
    }
    Object.values(part).forEach(visit);
  };
  visit(responses);
  for (const operation of operationsById(view).values()) visit(operation.responses);
  return found;
}

/** Tells whether a property has an enum to which later versions may add values. */
function isOpen(schemas, part) {
  const parts = [part, ...["oneOf", "anyOf", "allOf"].flatMap((keyword) => part[keyword] ?? [])];
  const targets = parts.map((one) => schemas[refName(one)]).filter((one) => one !== undefined);
  return [...parts, ...targets].some((one) => "enum" in one || "x-extensible-enum" in one);
}
