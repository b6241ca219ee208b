import { useState } from 'react'
import type { Column, ProfileColumn } from '@/api/types'
import { Spark, sparkCounts } from '@/components/charts/bars'
import { TextField } from '@/components/fields'
import { Card } from '@/components/page'
import { ScrollFrame } from '@/components/scroll-frame'
import { count, plural, share } from '@/lib/format'

const MOST = 200

/** One line a column; of very many, the first ones and whatever is searched for. */
export function ColumnTable({
  columns,
  profile,
  onColumn,
}: {
  columns: Column[]
  profile: ProfileColumn[] | undefined
  onColumn: (name: string) => void
}) {
  const [part, setPart] = useState('')
  const told = new Map(profile?.map((column) => [column.name, column]))
  const wanted = columns.filter((column) =>
    column.name.toLowerCase().includes(part.trim().toLowerCase()),
  )
  return (
    <Card>
      <div style={{ maxWidth: 300, marginBottom: 10 }}>
        <TextField
          label="Search"
          type="search"
          value={part}
          onChange={(event) => setPart(event.target.value)}
        />
      </div>
      <ScrollFrame label="Columns">
        <table className="table table-hover">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Kind</th>
              <th scope="col" className="number">
                Missing
              </th>
              <th scope="col" className="number">
                Different
              </th>
              <th scope="col">Shape</th>
              <th scope="col">Findings</th>
            </tr>
          </thead>
          <tbody>
            {wanted.slice(0, MOST).map((column) => {
              const facts = told.get(column.name)
              const counts = sparkCounts(facts?.histogram)
              return (
                <tr key={column.name}>
                  <th scope="row" style={{ whiteSpace: 'normal' }}>
                    <button
                      type="button"
                      className="button button-quiet button-small mono"
                      style={{ overflowWrap: 'anywhere', textAlign: 'start' }}
                      onClick={() => onColumn(column.name)}
                    >
                      {column.name}
                    </button>
                  </th>
                  <td title={column.kind_reason}>{column.kind}</td>
                  <td className="number">
                    {facts ? share(facts.missing.share) : count(column.missing)}
                  </td>
                  <td className="number">
                    {column.distinct_is_exact ? '' : '≈ '}
                    {count(column.distinct)}
                  </td>
                  <td>
                    {counts.length > 1 ? (
                      <Spark counts={counts} />
                    ) : (
                      <span className="small muted">
                        {column.top_values
                          .slice(0, 2)
                          .map((entry) => entry.value)
                          .join(', ')}
                      </span>
                    )}
                  </td>
                  <td className="small">{facts?.flags?.join(', ')}</td>
                </tr>
              )
            })}
          </tbody>
        </table>
      </ScrollFrame>
      {wanted.length > MOST && (
        <p className="muted small">
          {MOST} of {plural(wanted.length, 'column')}; search for the others.
        </p>
      )}
    </Card>
  )
}
