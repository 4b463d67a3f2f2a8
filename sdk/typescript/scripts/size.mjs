// Prints the size of the minified bundle, and fails above the limit: node scripts/size.mjs
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const LIMIT = 60_000

const { outputFiles } = await build({
  absWorkingDir: new URL('..', import.meta.url).pathname,
  entryPoints: ['src/index.ts'],
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2018',
  write: false,
})
const [{ contents }] = outputFiles
console.log(`${contents.length} bytes minified, ${gzipSync(contents, { level: 9 }).length} with gzip, limit ${LIMIT}`)
if (contents.length >= LIMIT) process.exit(1)
