import type { ReactNode } from 'react'
import { asApiError } from '@/api/problem'
import { Button } from './button'

/** Lines of the height that the content will have, so that nothing jumps when it comes. */
export function Skeleton({ rows = 4, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <div className="skeleton" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => `row-${row}`).map((key, row) => (
        <i key={key} style={{ width: `${96 - ((row * 13) % 34)}%` }} />
      ))}
    </div>
  )
}

export function Notice({
  tone = 'plain',
  title,
  children,
}: {
  tone?: 'plain' | 'good' | 'warn' | 'bad'
  title?: ReactNode
  children?: ReactNode
}) {
  return (
    <div className={tone === 'plain' ? 'notice' : `notice notice-${tone}`}>
      {title && <strong>{title}</strong>}
      {children && <div>{children}</div>}
    </div>
  )
}

/** What went wrong, in the platform's words, with the one thing to do about it. */
export function ProblemNotice({
  error,
  onRetry,
  retryLabel = 'Try again',
}: {
  error: unknown
  onRetry?: () => void
  retryLabel?: string
}) {
  const { problem } = asApiError(error)
  return (
    <div className="notice notice-bad" role="alert">
      <strong>{problem.title}</strong>
      {problem.detail && <p>{problem.detail}</p>}
      {problem.errors.length > 0 && (
        <ul>
          {problem.errors.map((entry) => (
            <li key={`${entry.pointer}${entry.message}`}>
              {entry.pointer && <code>{entry.pointer}</code>} {entry.message}
            </li>
          ))}
        </ul>
      )}
      <div className="row">
        {onRetry && problem.status !== 404 && (
          <Button small onClick={onRetry}>
            {retryLabel}
          </Button>
        )}
        {problem.request_id && (
          <span className="small muted">
            Request <code>{problem.request_id}</code>
          </span>
        )}
      </div>
    </div>
  )
}

export function EmptyNotice({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <strong>{title}</strong>
      {children}
    </div>
  )
}
