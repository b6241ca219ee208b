import type { Column, Finding, ProfileColumn } from '@/api/types'
import { Button } from '@/components/button'
import { BarList, HistogramChart } from '@/components/charts/bars'
import { Dialog } from '@/components/dialog'
import { Facts } from '@/components/page'
import { SeverityChip } from '@/components/severity'
import { count, number, share } from '@/lib/format'

interface Props {
  column: Column | undefined
  profile: ProfileColumn | undefined
  findings: Finding[]
  onClose: () => void
  onTarget: (name: string) => void
}

const STATISTICS: [string, string][] = [
  ['minimum', 'Minimum'],
  ['q05', '5 % are below'],
  ['q25', 'A quarter is below'],
  ['q50', 'Median'],
  ['median', 'Median'],
  ['mean', 'Mean'],
  ['q75', 'Three quarters are below'],
  ['q95', '95 % are below'],
  ['maximum', 'Maximum'],
  ['std', 'Standard deviation'],
]

/** All that is known of one column. */
export function ColumnDrawer({ column, profile, findings, onClose, onTarget }: Props) {
  const stats = profile?.stats ?? {}
  const bars = profile?.histogram?.kind === 'bars' ? profile.histogram : null
  const facts: [string, string][] = column
    ? [
        ['Kind', `${column.kind} (${column.kind_reason})`],
        ['Stored as', column.storage],
        [
          'Missing',
          profile
            ? `${count(profile.missing.rows)} rows, ${share(profile.missing.share)}`
            : count(column.missing),
        ],
        [
          'Different values',
          `${column.distinct_is_exact ? '' : 'about '}${count(column.distinct)}`,
        ],
        ...STATISTICS.filter(([key]) => stats[key] != null).map(
          ([key, title]): [string, string] => {
            const value = stats[key]
            return [title, typeof value === 'number' ? number(value) : String(value)]
          },
        ),
      ]
    : []
  const own = findings.filter((finding) => column && finding.columns.includes(column.name))
  return (
    <Dialog title={column?.name ?? 'Column'} isOpen={!!column} onClose={onClose} kind="drawer">
      {column && (
        <>
          {column.original_name !== column.name && (
            <p className="muted small">
              Called <code>{column.original_name}</code> in the file.
            </p>
          )}
          <div>
            <Button look="primary" onClick={() => onTarget(column.name)}>
              Predict this column
            </Button>
          </div>
          {bars && (
            <HistogramChart
              title={`Distribution of ${column.name}`}
              description={`Rows of ${column.name} by value, from ${number(bars.edges[0])} to ${number(bars.edges.at(-1))}.`}
              edges={bars.edges}
              counts={bars.counts}
              xLabel={column.name}
            />
          )}
          {!bars && (profile?.top?.length ?? 0) > 0 && (
            <BarList
              title="Most frequent values"
              valueLabel="Rows"
              bars={(profile?.top ?? []).slice(0, 12).map((entry) => ({
                name: entry.value,
                value: entry.rows,
                text: count(entry.rows),
              }))}
            />
          )}
          <Facts items={facts} />
          {own.map((finding) => (
            <div className="notice" key={finding.code + finding.sentence}>
              <div className="row">
                <SeverityChip severity={finding.severity} />
                <strong>{finding.code}</strong>
              </div>
              <p>{finding.sentence}</p>
              <p className="muted">{finding.action}</p>
            </div>
          ))}
        </>
      )}
    </Dialog>
  )
}
