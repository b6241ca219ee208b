import { useQueries, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import type { Job } from '@/api/types'
import { LineChart } from '@/components/charts/lines'
import { EmptyNotice, Notice, ProblemNotice, Skeleton } from '@/components/notices'
import { Card, Page } from '@/components/page'
import { ScrollFrame } from '@/components/scroll-frame'
import { StatusChip } from '@/components/severity'
import { paths } from '@/config/paths'
import { compareQuery, resultQuery } from '@/features/jobs/api/queries'
import { secondsOf } from '@/features/jobs/components/job-table'
import { duration, familyTitle, metricTitle, moment, number } from '@/lib/format'

const route = getRouteApi(paths.compare)

export function ComparePage() {
  const { ids = '' } = route.useSearch()
  const wanted = ids.split(',').filter(Boolean)
  const comparison = useQuery(compareQuery(wanted))
  return (
    <Page title="Compare" crumbs={<Link to={paths.jobs}>Jobs</Link>}>
      {wanted.length < 2 && (
        <Card>
          <EmptyNotice title="Nothing to compare yet.">
            <p>
              Tick two to four <Link to={paths.jobs}>jobs</Link> and compare them.
            </p>
          </EmptyNotice>
        </Card>
      )}
      {wanted.length >= 2 && comparison.isPending && <Skeleton rows={8} />}
      {comparison.isError && (
        <ProblemNotice error={comparison.error} onRetry={comparison.refetch} />
      )}
      {comparison.isSuccess && (
        <div className="stack" style={{ gap: 20 }}>
          {!comparison.data.is_ranked && (
            <Notice tone="warn" title="These jobs cannot be ranked.">
              <ul>
                {comparison.data.reasons.map((reason) => (
                  <li key={reason}>{reason}</li>
                ))}
              </ul>
            </Notice>
          )}
          <SideBySide jobs={comparison.data.jobs} ranking={comparison.data.ranking} />
          <Curves jobs={comparison.data.jobs.filter((job) => job.status === 'completed')} />
        </div>
      )}
    </Page>
  )
}

const nameOf = (job: Job) => `${familyTitle(job.model_family)} of ${moment(job.created_at)}`

function SideBySide({ jobs, ranking }: { jobs: Job[]; ranking: string[] }) {
  const rows: [string, (job: Job) => string][] = [
    ['Data set', (job) => job.dataset_name],
    ['Target', (job) => job.target_column],
    [
      'Score',
      (job) => (job.score === null ? '' : `${number(job.score)} ${metricTitle(job.metric)}`),
    ],
    ['Model', (job) => familyTitle(job.model_family)],
    ['Took', (job) => duration(secondsOf(job))],
    ['Time for the search', (job) => duration(job.time_budget_s)],
    ...optionRows(jobs),
  ]
  return (
    <Card title="Side by side" aside="what differs is marked">
      <ScrollFrame label="Side by side">
        <table className="table">
          <thead>
            <tr>
              <td />
              {jobs.map((job) => (
                <th key={job.job_id} scope="col">
                  <Link to={paths.job} params={{ jobId: job.job_id }}>
                    {moment(job.created_at)}
                  </Link>{' '}
                  {ranking[0] === job.job_id && <span className="chip chip-good">best</span>}
                  <div>
                    <StatusChip status={job.status} />
                  </div>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(([title, value]) => {
              const values = jobs.map(value)
              const differs = new Set(values).size > 1
              return (
                <tr key={title}>
                  <th scope="row">{title}</th>
                  {values.map((text, at) => (
                    <td key={jobs[at]?.job_id} style={differs ? { fontWeight: 600 } : undefined}>
                      {text}
                    </td>
                  ))}
                </tr>
              )
            })}
          </tbody>
        </table>
      </ScrollFrame>
    </Card>
  )
}

/** Options of the jobs that are not the same everywhere. */
function optionRows(jobs: Job[]): [string, (job: Job) => string][] {
  const names = Object.keys(jobs[0]?.config ?? {}) as (keyof Job['config'])[]
  const written = (job: Job, name: keyof Job['config']) => JSON.stringify(job.config[name])
  return names
    .filter((name) => new Set(jobs.map((job) => written(job, name))).size > 1)
    .map((name) => [name.replaceAll('_', ' '), (job: Job) => written(job, name)])
}

function Curves({ jobs }: { jobs: Job[] }) {
  const results = useQueries({ queries: jobs.map((job) => resultQuery(job.job_id)) })
  const series = results.flatMap((result, at) => {
    const job = jobs[at]
    const roc = result.data?.metrics.roc ?? []
    return job && roc.length > 0 ? [{ name: nameOf(job), points: roc }] : []
  })
  if (series.length < 2) return null
  return (
    <Card>
      <LineChart
        title="ROC curves"
        description="Share of right alarms against share of false alarms, one line a job."
        series={[
          ...series,
          {
            name: 'guessing',
            points: [
              { x: 0, y: 0 },
              { x: 1, y: 1 },
            ],
            isReference: true,
          },
        ]}
        xLabel="false alarms (share of negatives)"
        yLabel="found (share of positives)"
        xDomain={[0, 1]}
        yDomain={[0, 1]}
      />
    </Card>
  )
}
