// Fails the build where a budget of bytes is passed: what is loaded at first, each later part.
import { readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'

const KILO = 1000
const BUDGETS = { initial: 125 * KILO, chunk: 25 * KILO, css: 12 * KILO, fonts: 50 * KILO }
const root = new URL('../dist/', import.meta.url)
const manifest = JSON.parse(readFileSync(new URL('.vite/manifest.json', root), 'utf8'))
const packed = (file) => gzipSync(readFileSync(new URL(file, root)), { level: 9 }).length

const entry = Object.values(manifest).find((part) => part.isEntry)
const initial = new Set()
const collect = (part) => {
  if (initial.has(part.file)) return
  initial.add(part.file)
  for (const name of part.imports ?? []) collect(manifest[name])
}
collect(entry)

const figures = []
const add = (name, size, limit) => figures.push({ name, size, limit })
add(
  'initial JavaScript',
  [...initial].reduce((sum, file) => sum + packed(file), 0),
  BUDGETS.initial,
)
for (const part of Object.values(manifest)) {
  if (part.file.endsWith('.js') && !initial.has(part.file)) {
    add(part.file, packed(part.file), BUDGETS.chunk)
  }
}
const css = [...new Set(Object.values(manifest).flatMap((part) => part.css ?? []))]
add(
  'CSS',
  css.reduce((sum, file) => sum + packed(file), 0),
  BUDGETS.css,
)
// Already packed; a page in English loads the Latin files only.
const fonts = readdirSync(new URL('assets/', root)).filter(
  (name) => /latin-(wght|400).*\.woff2$/.test(name) && !name.includes('-ext'),
)
add(
  'fonts',
  fonts.reduce((sum, name) => sum + readFileSync(new URL(`assets/${name}`, root)).length, 0),
  BUDGETS.fonts,
)

let isOver = false
for (const { name, size, limit } of figures) {
  const mark = size > limit ? 'OVER' : 'ok'
  isOver ||= size > limit
  console.log(
    `${mark.padEnd(5)}${(size / KILO).toFixed(1).padStart(8)} of ${limit / KILO} kB  ${name}`,
  )
}
process.exit(isOver ? 1 : 0)
