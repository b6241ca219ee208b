import type { Finding } from '@/api/types'
import { EmptyNotice } from '@/components/notices'
import { SeverityChip } from '@/components/severity'

export function FindingList({
  findings,
  onColumn,
}: {
  findings: Finding[]
  onColumn: (name: string) => void
}) {
  if (findings.length === 0) {
    return <EmptyNotice title="Nothing stands out in this table." />
  }
  return (
    <ul className="stack">
      {findings.map((finding) => (
        <li key={finding.code + finding.sentence} className="finding">
          <SeverityChip severity={finding.severity} />
          <div className="stack-tight">
            <p>{finding.sentence}</p>
            <p className="muted small">{finding.action}</p>
            {finding.columns.length > 0 && (
              <div className="row" style={{ gap: 4 }}>
                {finding.columns.slice(0, 8).map((name) => (
                  <button
                    type="button"
                    className="chip mono"
                    key={name}
                    onClick={() => onColumn(name)}
                  >
                    {name}
                  </button>
                ))}
                {finding.columns.length > 8 && (
                  <span className="small muted">and {finding.columns.length - 8} more</span>
                )}
              </div>
            )}
          </div>
        </li>
      ))}
    </ul>
  )
}
