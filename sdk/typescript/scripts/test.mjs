// Bundles each test and runs it with Node's test runner: node scripts/test.mjs [name …]
import { spawnSync } from 'node:child_process'
import { readdirSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

const folder = new URL('..', import.meta.url).pathname
process.chdir(folder)
const wanted = process.argv.slice(2)
const tests = readdirSync('test').filter((name) => name.endsWith('.test.ts'))
const chosen = tests.filter((name) => wanted.length === 0 || wanted.some((word) => name.startsWith(word)))

rmSync('build/test', { recursive: true, force: true })
await build({
  entryPoints: chosen.map((name) => `test/${name}`),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  sourcemap: 'inline',
  outdir: 'build/test',
  outExtension: { '.js': '.mjs' },
})
// The bundle as an app gets it, for the tests of the platforms.
const bundle = { entryPoints: ['src/index.ts'], bundle: true, format: 'cjs', target: 'es2018' }
await build({ ...bundle, outfile: 'build/test/client.cjs' })
const files = chosen.map((name) => `build/test/${name.replace(/\.ts$/, '.mjs')}`)
const flags = ['--enable-source-maps', '--test', '--test-concurrency=3', '--test-reporter=spec']
const { status } = spawnSync(process.execPath, [...flags, ...files], { stdio: 'inherit' })
process.exit(status ?? 1)
