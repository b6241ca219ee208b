import { useVirtualizer } from '@tanstack/react-virtual'
import { useRef } from 'react'
import type { Trial } from '@/api/types'
import { duration, familyTitle, metricTitle, number } from '@/lib/format'

const ROW_HEIGHT = 37
const VIRTUAL_FROM = 60

function settings(trial: Trial): string {
  return Object.entries(trial.config)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? number(value) : String(value)}`)
    .join(', ')
}

/** Trials, best first; of hundreds only what is in sight is drawn. */
export function TrialTable({ trials, metric }: { trials: Trial[]; metric: string }) {
  const scroller = useRef<HTMLElement>(null)
  const isLong = trials.length > VIRTUAL_FROM
  const rows = useVirtualizer({
    count: trials.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    enabled: isLong,
  })
  const shown = isLong
    ? rows.getVirtualItems().map((item) => item.index)
    : trials.map((_, at) => at)
  const before = isLong ? (rows.getVirtualItems()[0]?.start ?? 0) : 0
  const after = isLong ? rows.getTotalSize() - (rows.getVirtualItems().at(-1)?.end ?? 0) : 0
  return (
    <section
      ref={scroller}
      className="table-wrap"
      style={isLong ? { maxHeight: 560, overflowY: 'auto' } : undefined}
      aria-label="Trials"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <table className="table" aria-rowcount={trials.length + 1}>
        <thead>
          <tr>
            <th scope="col" className="number">
              #
            </th>
            <th scope="col">Model</th>
            <th scope="col" className="number">
              {metricTitle(metric)}
            </th>
            <th scope="col" className="number">
              Took
            </th>
            <th scope="col">Settings</th>
          </tr>
        </thead>
        <tbody>
          {before > 0 && (
            <tr style={{ height: before }}>
              <td colSpan={5} />
            </tr>
          )}
          {shown.map((at) => {
            const trial = trials[at]
            if (!trial) return null
            return (
              <tr
                key={String(trial.trial_id)}
                aria-rowindex={at + 2}
                style={{ height: ROW_HEIGHT }}
              >
                <td className="number">{trial.rank}</td>
                <td className="nowrap">{familyTitle(trial.family)}</td>
                <td className="number">{number(trial.score)}</td>
                <td className="number">{duration(trial.train_seconds)}</td>
                <td className="small muted trial-settings" title={settings(trial)}>
                  {settings(trial)}
                </td>
              </tr>
            )
          })}
          {after > 0 && (
            <tr style={{ height: after }}>
              <td colSpan={5} />
            </tr>
          )}
        </tbody>
      </table>
    </section>
  )
}
