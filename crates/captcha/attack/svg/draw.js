// Writes COUNT pictures of npm's svg-captcha with its defaults into DIR, rendered on white as in a browser.
const fs = require("node:fs");
const path = require("node:path");
const { Resvg } = require("@resvg/resvg-js");
const svgCaptcha = require("svg-captcha");

const [count, folder] = process.argv.slice(2);
fs.mkdirSync(folder, { recursive: true });
for (let n = 0; n < Number(count); n += 1) {
  const { text, data } = svgCaptcha.create();
  const picture = new Resvg(data, { background: "white" }).render().asPng();
  fs.writeFileSync(path.join(folder, `${text}_${n}.png`), picture);
}
