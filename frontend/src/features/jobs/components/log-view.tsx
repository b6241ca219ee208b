import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { EmptyNotice, ProblemNotice, Skeleton } from '@/components/notices'
import { Card } from '@/components/page'
import { moment } from '@/lib/format'
import { eventsQuery, logQuery } from '../api/queries'

/** The job's own words; follows the end unless somebody has scrolled away from it. */
export function LogView({ jobId, isSettled }: { jobId: string; isSettled: boolean }) {
  const log = useQuery(logQuery(jobId, isSettled))
  const events = useQuery(eventsQuery(jobId, isSettled))
  const box = useRef<HTMLElement>(null)
  const isAtEnd = useRef(true)
  const lines = log.data?.lines
  // biome-ignore lint/correctness/useExhaustiveDependencies: new lines are what it waits for
  useEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight
  }, [lines])
  return (
    <div className="stack" style={{ gap: 20 }}>
      <Card title="Time line">
        {events.isPending && <Skeleton rows={4} />}
        {events.isError && <ProblemNotice error={events.error} onRetry={events.refetch} />}
        {events.isSuccess && (
          <ol className="stack-tight small">
            {events.data.items.map((entry) => (
              <li key={entry.at + entry.stage + entry.status}>
                <time className="muted" dateTime={entry.at}>
                  {moment(entry.at)}
                </time>{' '}
                {entry.status} · {entry.stage}
                {entry.attempt > 1 && ` · attempt ${entry.attempt}`} {entry.note}
              </li>
            ))}
          </ol>
        )}
      </Card>
      <Card title="Log">
        {log.isPending && <Skeleton rows={8} />}
        {log.isError && <ProblemNotice error={log.error} onRetry={log.refetch} />}
        {log.isSuccess && log.data.lines.length === 0 && (
          <EmptyNotice title="Nothing was said yet." />
        )}
        {log.isSuccess && log.data.lines.length > 0 && (
          <section
            ref={box}
            className="log"
            aria-label="Log lines"
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
            tabIndex={0}
            onScroll={(event) => {
              const { scrollTop, scrollHeight, clientHeight } = event.currentTarget
              isAtEnd.current = scrollHeight - scrollTop - clientHeight < 24
            }}
          >
            {log.data.lines.map((line, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end
              <div key={at}>
                <time dateTime={line.at}>{line.at.slice(11, 19)}</time>
                {line.level !== 'info' && <strong>{line.level} </strong>}
                {line.message}
              </div>
            ))}
          </section>
        )}
      </Card>
    </div>
  )
}
