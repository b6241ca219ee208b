import { expect, it } from 'vitest'
import { contentType, sniff } from './sniff'

const bytesOf = (text: string) => new TextEncoder().encode(text)

it.each([
  ['a CSV', bytesOf('a,b\n1,2\n')],
  ['gzip', new Uint8Array([0x1f, 0x8b, 8, 0])],
  ['Parquet', bytesOf('PAR1\0\0')],
  ['Excel', new Uint8Array([0x50, 0x4b, 3, 4, 0, 0])],
  ['UTF-16', new Uint8Array([0xff, 0xfe, 0x61, 0])],
])('lets %s pass', (_, head) => {
  expect(sniff(head, 'x').kind).toBe('table')
})

it('refuses pictures and empty files with what would help', () => {
  const picture = sniff(new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0, 0]), 'cat.png')
  expect(picture).toEqual({
    kind: 'refused',
    reason:
      'cat.png is no table: it holds binary data. Upload a table as CSV, TSV, JSON Lines, Parquet or Excel (.xlsx).',
  })
  expect(sniff(new Uint8Array(), 'empty.csv').kind).toBe('refused')
})

it.each([
  ['a.CSV', 'text/csv'],
  ['a.tsv', 'text/tab-separated-values'],
  ['a.csv.gz', 'application/gzip'],
  ['a.parquet', 'application/octet-stream'],
])('announces %s as %s', (name, type) => {
  expect(contentType(name)).toBe(type)
})
