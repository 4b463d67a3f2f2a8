// Programs that verify tokens with the code of the document: how to install, build and start each.

import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { program } from "./snippets.mjs";

const SOURCES = fileURLToPath(new URL("..", import.meta.url));
/** Downloads and programs; git ignores it. */
export const CACHE = fileURLToPath(new URL("../../../.verify-tokens", import.meta.url));
const run = promisify(execFile);

const source = (name) => path.join(SOURCES, name);
const cached = (...names) => path.join(CACHE, ...names);

/** Runs the installation again whenever a pinned version changes. The copy of the lock file is written last. */
async function installed(folder, lock, install) {
  const copy = cached(folder, "installed-lock");
  if (fs.existsSync(copy) && fs.readFileSync(copy).equals(fs.readFileSync(source(lock)))) return;
  fs.rmSync(cached(folder), { recursive: true, force: true });
  fs.mkdirSync(cached(folder), { recursive: true });
  await install();
  fs.copyFileSync(source(lock), copy);
}

/** Writes a program into a folder of its own, with the lock files that it needs. Returns the folder. */
function written(name, file, text, locks = []) {
  const folder = cached(name);
  fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
  for (const lock of locks) fs.copyFileSync(source(lock), path.join(folder, path.basename(lock)));
  fs.writeFileSync(path.join(folder, file), text);
  return folder;
}

const node = {
  heading: "Node\\.js",
  install: () =>
    installed("node", "node/package-lock.json", async () => {
      const files = ["package.json", "package-lock.json"];
      for (const name of files) fs.copyFileSync(source(`node/${name}`), cached("node", name));
      const options = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=5"];
      await run("npm", ["ci", ...options], { cwd: cached("node") });
    }),
  build: (values) => {
    const file = `${values.algorithm}.mjs`;
    written("node", file, program("node/program.mjs", node.heading, values));
    return ["node", cached("node", file)];
  },
};

const python = {
  heading: "Python",
  install: () =>
    installed("python", "python/requirements.lock", async () => {
      await run("python3", ["-m", "venv", "--clear", cached("python")]);
      const options = ["--quiet", "--disable-pip-version-check", "--retries", "5", "--no-deps", "--require-hashes"];
      const lock = ["--requirement", source("python/requirements.lock")];
      await run(cached("python/bin/python"), ["-m", "pip", "install", ...options, ...lock]);
    }),
  build: (values) => {
    const file = `${values.algorithm}.py`;
    written("python", file, program("python/program.py", python.heading, values));
    return [cached("python/bin/python"), cached("python", file)];
  },
};

const go = {
  heading: "Go",
  install: () => run("go", ["mod", "download"], { cwd: source("go") }),
  build: async (values) => {
    const text = program("go/program.go.txt", go.heading, values);
    const folder = written(`go-${values.algorithm}`, "main.go", text, ["go/go.mod", "go/go.sum"]);
    await run("go", ["build", "-mod=readonly", "-o", "verifier"], { cwd: folder });
    return [path.join(folder, "verifier")];
  },
};

/** Installs what both Java programs need. */
const installJava = () =>
  installed("java", "java/pom.xml", async () => {
    const options = ["-q", "--batch-mode", "--strict-checksums", "-Dstyle.color=never", "-f", source("java/pom.xml")];
    await run("mvn", [...options, "dependency:copy-dependencies", `-DoutputDirectory=${cached("java")}`]);
  });

async function buildJava(main, programs, algorithm) {
  const name = `${main}-${algorithm}`;
  for (const [file, text] of Object.entries(programs)) written(name, file, text);
  const files = Object.keys(programs).map((file) => cached(name, file));
  await run("javac", ["--release", "17", "-cp", cached("java/*"), "-d", cached(name), ...files]);
  return ["java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp", `${cached(name)}:${cached("java/*")}`, main];
}

const java = {
  heading: "Java",
  install: installJava,
  build: (values) => {
    const text = program("java/JavaVerifier.java", java.heading, values);
    return buildJava("JavaVerifier", { "JavaVerifier.java": text }, values.algorithm);
  },
};

const spring = {
  heading: "With an ES256 key",
  install: installJava,
  build: (values) => {
    const heading = `With an ${values.algorithm} key`;
    const programs = { "SpringVerifier.java": program("java/SpringVerifier.java", heading, values) };
    // With an EdDSA key the decoder uses the code for Java.
    programs["JavaVerifier.java"] = program("java/JavaVerifier.java", java.heading, values);
    return buildJava("SpringVerifier", programs, values.algorithm);
  },
};

const rust = {
  heading: "Rust",
  install: () => run("cargo", ["fetch", "--locked", "--quiet", "--manifest-path", source("rust/Cargo.toml")]),
  build: async (values) => {
    const text = program("rust/program.rs", rust.heading, values);
    const locks = ["rust/Cargo.toml", "rust/Cargo.lock"];
    const folder = written("rust", "program.rs", text, locks);
    await run("cargo", ["build", "--locked", "--quiet", "--target-dir", cached("rust/target")], { cwd: folder });
    const file = cached("rust", values.algorithm);
    fs.copyFileSync(cached("rust/target/debug/verify-tokens"), file);
    return [file];
  },
};

export const LANGUAGES = { node, python, go, java, spring, rust };
/** Languages that need no compiler. */
export const QUICK = ["node", "python"];
