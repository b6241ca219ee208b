import type { Cell } from '@/api/types'
import { count, share } from '@/lib/format'

/** Actual classes as rows, answered ones as columns; the darker, the larger the share of its row. */
export function ConfusionMatrix({ labels, matrix }: { labels: Cell[]; matrix: number[][] }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <section className="table-wrap" tabIndex={0} aria-label="Confusion matrix">
      <p className="small muted">Rows: what it was. Columns: what the model said.</p>
      <table className="confusion">
        <thead>
          <tr>
            <td />
            {labels.map((label) => (
              <th key={String(label)} scope="col">
                {String(label)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.map((row, actual) => {
            const sum = row.reduce((total, n) => total + n, 0)
            return (
              <tr key={String(labels[actual])}>
                <th scope="row">{String(labels[actual])}</th>
                {row.map((n, said) => {
                  const part = sum ? n / sum : 0
                  const colour = actual === said ? 'var(--data-1)' : 'var(--data-2)'
                  return (
                    <td
                      key={String(labels[said])}
                      style={{
                        background: `color-mix(in oklab, ${colour} ${Math.round(part * 46)}%, var(--sunken))`,
                      }}
                    >
                      {count(n)}
                      <div className="small">{share(part)}</div>
                    </td>
                  )
                })}
              </tr>
            )
          })}
        </tbody>
      </table>
    </section>
  )
}
