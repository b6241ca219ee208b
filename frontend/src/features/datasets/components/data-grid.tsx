import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef } from 'react'
import type { Column, Preview, ProfileColumn } from '@/api/types'
import { Spark, sparkCounts } from '@/components/charts/bars'
import { share } from '@/lib/format'

const COLUMN_WIDTH = 150
const ROW_HEIGHT = 31
const HEAD_HEIGHT = 96

interface Props {
  preview: Preview
  columns: Column[]
  profile?: ProfileColumn[]
  rowCount: number
  target?: string
  onColumn: (name: string) => void
}

/** The first rows, with what is known of each column at its head; draws only what is in sight. */
export function DataGrid({ preview, columns, profile, rowCount, target, onColumn }: Props) {
  const scroller = useRef<HTMLElement>(null)
  const byName = useMemo(() => new Map(profile?.map((column) => [column.name, column])), [profile])
  const facts = useMemo(() => new Map(columns.map((column) => [column.name, column])), [columns])
  const across = useVirtualizer({
    horizontal: true,
    count: preview.columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => COLUMN_WIDTH,
    overscan: 3,
  })
  const down = useVirtualizer({
    count: preview.rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    scrollMargin: HEAD_HEIGHT,
    overscan: 6,
  })
  const targetAt = target ? preview.columns.indexOf(target) : -1
  useEffect(() => {
    if (targetAt >= 0) across.scrollToIndex(targetAt, { align: 'auto' })
  }, [targetAt, across])
  const shown = across.getVirtualItems()

  return (
    <section
      ref={scroller}
      className="grid-scroll"
      aria-label={`First ${preview.rows.length} of ${rowCount} rows`}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
    >
      {/* biome-ignore lint/a11y/useSemanticElements: a real table cannot leave out what is out of sight */}
      <div
        role="table"
        aria-rowcount={preview.rows.length + 1}
        aria-colcount={preview.columns.length}
        aria-label="Preview"
        className="grid-inner"
        style={{ width: across.getTotalSize(), height: down.getTotalSize() + HEAD_HEIGHT }}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <div role="rowgroup" className="grid-head" style={{ height: HEAD_HEIGHT }}>
          {/* biome-ignore lint/a11y/useSemanticElements: as above */}
          {/* biome-ignore lint/a11y/useFocusableInteractive: a row is no control */}
          <div role="row" aria-rowindex={1}>
            {shown.map((item) => {
              const name = preview.columns[item.index] ?? ''
              const fact = facts.get(name)
              const told = byName.get(name)
              return (
                // biome-ignore lint/a11y/useSemanticElements: as above
                // biome-ignore lint/a11y/useFocusableInteractive: the button inside is the control
                <div
                  key={item.key}
                  role="columnheader"
                  aria-colindex={item.index + 1}
                  className={`grid-cell${name === target ? ' grid-cell-target' : ''}`}
                  style={{ left: item.start, width: item.size }}
                >
                  <button type="button" className="column-head" onClick={() => onColumn(name)}>
                    <b title={name}>{name}</b>
                    <span className="small muted">
                      {fact?.kind}
                      {told && told.missing.share > 0 && ` · ${share(told.missing.share)} missing`}
                    </span>
                    <ColumnShape column={told} />
                    {told?.flags && told.flags.length > 0 && (
                      <span className="hidden-visually">{told.flags.length} findings</span>
                    )}
                  </button>
                </div>
              )
            })}
          </div>
        </div>
        {/* biome-ignore lint/a11y/useSemanticElements: as above */}
        <div role="rowgroup">
          {down.getVirtualItems().map((row) => (
            // biome-ignore lint/a11y/useSemanticElements: as above
            // biome-ignore lint/a11y/useFocusableInteractive: a row is no control
            <div
              key={row.key}
              role="row"
              aria-rowindex={row.index + 2}
              className="grid-row"
              style={{ position: 'absolute', top: row.start, height: row.size, width: '100%' }}
            >
              {shown.map((item) => {
                const value = preview.rows[row.index]?.[item.index] ?? null
                const isTarget = preview.columns[item.index] === target
                return (
                  // biome-ignore lint/a11y/useSemanticElements: as above
                  <div
                    key={item.key}
                    role="cell"
                    aria-colindex={item.index + 1}
                    className={`grid-cell${isTarget ? ' grid-cell-target' : ''}`}
                    style={{ left: item.start, width: item.size }}
                    title={value ?? undefined}
                  >
                    {value === null || value === '' ? (
                      <span className="is-missing">missing</span>
                    ) : (
                      value
                    )}
                  </div>
                )
              })}
            </div>
          ))}
        </div>
      </div>
    </section>
  )
}

function ColumnShape({ column }: { column: ProfileColumn | undefined }) {
  if (!column) return <span style={{ height: 22 }} />
  const counts = sparkCounts(column.histogram)
  if (counts.length > 1) return <Spark counts={counts} width={126} />
  const top = column.top ?? []
  if (top.length > 0) {
    return (
      <span className="small muted" style={{ overflow: 'hidden', textOverflow: 'ellipsis' }}>
        {top
          .slice(0, 3)
          .map((entry) => entry.value)
          .join(', ')}
      </span>
    )
  }
  return <span style={{ height: 22 }} />
}
