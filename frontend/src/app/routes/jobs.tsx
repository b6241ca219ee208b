import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { JobStatus } from '@/api/types'
import { Button, buttonClass } from '@/components/button'
import { SelectField, TextField } from '@/components/fields'
import { EmptyNotice, ProblemNotice, Skeleton } from '@/components/notices'
import { Card, Page } from '@/components/page'
import { paths } from '@/config/paths'
import { type JobFilter, jobsQuery } from '@/features/jobs/api/queries'
import { JobTable } from '@/features/jobs/components/job-table'

const route = getRouteApi(paths.jobs)
const MOST_COMPARED = 4

export function JobsPage() {
  const filter: JobFilter = route.useSearch()
  const navigate = useNavigate({ from: paths.jobs })
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set())
  const list = useInfiniteQuery(jobsQuery(filter))
  const jobs = list.data?.pages.flatMap((page) => page.items) ?? []
  const isFiltered = Object.values(filter).some(Boolean)
  const change = (part: Partial<JobFilter>) =>
    void navigate({ search: (present) => ({ ...present, ...part }), replace: true })

  function select(jobId: string, isSelected: boolean) {
    setSelected((present) => {
      const next = new Set(present)
      if (isSelected) next.add(jobId)
      else next.delete(jobId)
      return next
    })
  }

  return (
    <Page title="Jobs" lead="Every training, from its wish to its report.">
      <Card>
        <div className="columns columns-three" style={{ gap: 12, marginBottom: 14 }}>
          <TextField
            label="Search"
            type="search"
            placeholder="Target, data set or note"
            defaultValue={filter.q ?? ''}
            onChange={(event) => change({ q: event.target.value || undefined })}
          />
          <SelectField
            label="Status"
            value={filter.status ?? ''}
            onChange={(event) =>
              change({
                status: (event.target.value || undefined) as JobStatus['status'] | undefined,
              })
            }
          >
            <option value="">Any</option>
            {['pending', 'running', 'waiting', 'completed', 'failed', 'cancelled'].map((status) => (
              <option key={status} value={status}>
                {status}
              </option>
            ))}
          </SelectField>
          <TextField
            label="Tag"
            defaultValue={filter.tag ?? ''}
            onChange={(event) => change({ tag: event.target.value || undefined })}
          />
        </div>
        <div className="row" style={{ marginBottom: 8, minHeight: 38 }}>
          {selected.size >= 2 && selected.size <= MOST_COMPARED && (
            <Link
              className={buttonClass('primary')}
              to={paths.compare}
              search={{ ids: [...selected].join(',') }}
            >
              Compare {selected.size} jobs
            </Link>
          )}
          <span className="muted small" aria-live="polite">
            {selected.size === 0 && 'Tick two to four jobs to compare them.'}
            {selected.size === 1 && 'Tick one more to compare.'}
            {selected.size > MOST_COMPARED && `At most ${MOST_COMPARED} can be compared.`}
          </span>
          {filter.dataset && (
            <Button small onClick={() => change({ dataset: undefined })}>
              Jobs of all data sets
            </Button>
          )}
        </div>
        {list.isPending && <Skeleton rows={6} />}
        {list.isError && <ProblemNotice error={list.error} onRetry={list.refetch} />}
        {list.isSuccess && jobs.length === 0 && (
          <EmptyNotice title={isFiltered ? 'No job fits.' : 'No job yet.'}>
            {isFiltered ? (
              <Link to={paths.jobs}>Show all jobs</Link>
            ) : (
              <p>
                Open a <Link to={paths.home}>data set</Link> and choose the column to predict.
              </p>
            )}
          </EmptyNotice>
        )}
        {jobs.length > 0 && <JobTable jobs={jobs} selected={selected} onSelect={select} />}
        {list.hasNextPage && (
          <Button onClick={() => list.fetchNextPage()} disabled={list.isFetchingNextPage}>
            Show more
          </Button>
        )}
      </Card>
    </Page>
  )
}
