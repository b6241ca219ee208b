/** What a file is, from its first bytes; only to refuse early what cannot be a table. */

const ZIP = [0x50, 0x4b, 0x03, 0x04]
const GZIP = [0x1f, 0x8b]
const PARQUET = [0x50, 0x41, 0x52, 0x31]

function startsWith(head: Uint8Array, magic: number[]): boolean {
  return magic.every((byte, at) => head[at] === byte)
}

export type Sniffed = { kind: 'table' } | { kind: 'refused'; reason: string }

const READABLE = 'Upload a table as CSV, TSV, JSON Lines, Parquet or Excel (.xlsx).'

export function sniff(head: Uint8Array, name: string): Sniffed {
  if (head.length === 0) return { kind: 'refused', reason: `${name} is empty. ${READABLE}` }
  if (startsWith(head, GZIP) || startsWith(head, PARQUET) || startsWith(head, ZIP)) {
    return { kind: 'table' }
  }
  const isUTF16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)
  if (!isUTF16 && head.includes(0)) {
    return { kind: 'refused', reason: `${name} is no table: it holds binary data. ${READABLE}` }
  }
  return { kind: 'table' }
}

/** Type to announce to the store, by the name's ending; the platform looks at the bytes itself. */
export function contentType(name: string): string {
  const ending = name.toLowerCase().replace(/\.gz$/, '').split('.').pop()
  const plain: Record<string, string> = {
    csv: 'text/csv',
    tsv: 'text/tab-separated-values',
    txt: 'text/plain',
  }
  if (name.toLowerCase().endsWith('.gz')) return 'application/gzip'
  return plain[ending ?? ''] ?? 'application/octet-stream'
}
