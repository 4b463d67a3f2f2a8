#!/usr/bin/env node
// Generates the types, operations and error codes of the clients from openapi/: node sdk/generate/main.mjs
// Each file in languages/ exports `files(model)`: pairs of a path in the repository and its text. TypeScript has a
// generator of its own (sdk/typescript/scripts/generate.mjs).

import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { tomorrow, yesterday } from "./compat.mjs";
import { readModel } from "./model.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = path.resolve(here, "../..");
const model = readModel(path.join(root, "openapi"));

function write(file, text) {
  fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  fs.writeFileSync(path.join(root, file), text);
}

for (const [name, bodies] of Object.entries({ tomorrow, yesterday })) {
  write(`sdk/compat/${name}.json`, `${JSON.stringify(bodies(model), null, 2)}\n`);
}
for (const file of fs.readdirSync(path.join(here, "languages")).filter((name) => name.endsWith(".mjs"))) {
  const { files } = await import(`./languages/${file}`);
  for (const [target, text] of files(model)) write(target, text);
}
