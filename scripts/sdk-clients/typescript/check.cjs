// Parses and prints each body with the generated functions: check.cjs CLIENT SAMPLES.
const { readFileSync } = require("node:fs");
const client = require(process.argv[2]);

const bodies = JSON.parse(readFileSync(process.argv[3], "utf8"));
const printed = bodies.map(([name, body]) => client[`${name}ToJSON`](client[`${name}FromJSON`](body)));
console.log(JSON.stringify(printed));
