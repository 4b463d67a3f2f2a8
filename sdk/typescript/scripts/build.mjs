// Builds dist: ESM and CommonJS bundles, and the types of each: node scripts/build.mjs
import { execFileSync } from 'node:child_process'
import { cpSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const folder = new URL('..', import.meta.url).pathname
const dist = join(folder, 'dist')
const typescript = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')

rmSync(dist, { recursive: true, force: true })
const entryPoints = ['src/index.ts', 'src/texts.ts']
const common = { absWorkingDir: folder, entryPoints, bundle: true, charset: 'utf8', target: 'es2018' }
await build({ ...common, format: 'esm', outdir: 'dist/esm' })
await build({ ...common, format: 'cjs', outdir: 'dist/cjs' })

const project = ['--project', join(folder, 'tsconfig.build.json'), '--outDir']
execFileSync(process.execPath, [typescript, ...project, join(dist, 'esm')], { stdio: 'inherit' })
const isType = (path) => !/\.js$/.test(path)
cpSync(join(dist, 'esm'), join(dist, 'cjs'), { recursive: true, filter: isType })
for (const name of ['LICENSE-APACHE', 'LICENSE-MIT']) cpSync(join(folder, '../..', name), join(folder, name))
// Without this file the types of the CommonJS bundle would count as those of a module.
writeFileSync(join(dist, 'cjs/package.json'), '{ "type": "commonjs" }\n')
