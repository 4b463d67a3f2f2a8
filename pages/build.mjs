// Builds pages/dist from pages/src: a script and a style sheet for each page, and HTML in each language.
// The program contains the result, so the result is the same on every machine: no times, no paths, fixed versions.
import { build } from 'esbuild'
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'

const root = new URL('./', import.meta.url)
const path = (name) => new URL(name, root).pathname
const read = (name) => readFile(path(name), 'utf8')

/** Browsers of 2020 and later. */
const targets = { script: 'es2020', style: ['safari14', 'chrome87', 'firefox86'] }

await rm(path('dist'), { recursive: true, force: true })
await mkdir(path('dist'))

await build({
  absWorkingDir: path('.'),
  entryPoints: {
    demo: 'src/demo/main.ts',
    'account-deletion': 'src/account-deletion/main.ts',
    docs: 'src/docs/main.ts',
    worker: 'src/worker.ts',
  },
  outdir: 'dist',
  bundle: true,
  format: 'iife',
  target: targets.script,
  charset: 'utf8',
  minify: true,
  legalComments: 'none',
  logLevel: 'error',
  alias: {
    '@doorstep/client/texts': path('../sdk/typescript/src/texts.ts'),
    '@doorstep/client': path('../sdk/typescript/src/index.ts'),
  },
})

await build({
  absWorkingDir: path('.'),
  entryPoints: ['demo', 'account-deletion', 'docs'].map((page) => ({ in: `src/${page}/page.css`, out: page })),
  outdir: 'dist',
  bundle: true,
  target: targets.style,
  minify: true,
  logLevel: 'warning',
})

/** Puts the texts of a language into `[[name]]`. The service fills in `{{name}}`. */
function translate(html, texts, name) {
  const used = new Set()
  const filled = html.replace(/\[\[(\w+)\]\]/g, (_, key) => {
    if (!(key in texts)) throw new Error(`${name}: no text for ${key}`)
    used.add(key)
    return texts[key]
  })
  const unused = Object.keys(texts).filter((key) => !used.has(key))
  if (unused.length > 0) throw new Error(`${name}: unused texts: ${unused}`)
  return filled.replace(/^ +/gm, '')
}

for (const page of ['demo', 'account-deletion']) {
  const html = await read(`src/${page}/page.html`)
  for (const language of ['en', 'zh']) {
    const name = `${page}.${language}.html`
    const texts = JSON.parse(await read(`src/${page}/page.${language}.json`))
    await writeFile(path(`dist/${name}`), translate(html, texts, name))
  }
}
await writeFile(path('dist/docs.html'), (await read('src/docs/page.html')).replace(/^ +/gm, ''))
await writeFile(path('dist/icon.svg'), await read('src/icon.svg'))

if (process.argv.includes('--sizes')) {
  for (const name of (await readdir(path('dist'))).sort()) {
    const bytes = await readFile(path(`dist/${name}`))
    console.log(`${name.padEnd(28)} ${String(bytes.length).padStart(7)} bytes, ${gzipSync(bytes).length} gzipped`)
  }
}
