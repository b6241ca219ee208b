import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { Button } from '@/components/button'
import { Confirm } from '@/components/dialog'
import { EmptyNotice, ProblemNotice, Skeleton } from '@/components/notices'
import { Card, Page } from '@/components/page'
import { StatusChip } from '@/components/severity'
import { Tabs } from '@/components/tabs'
import { useToast } from '@/components/toast'
import { paths } from '@/config/paths'
import {
  deleteJob,
  jobKeys,
  jobQuery,
  leaderboardQuery,
  resultQuery,
  retryJob,
  SETTLED,
  statusQuery,
} from '@/features/jobs/api/queries'
import { EnsembleCard } from '@/features/jobs/components/ensemble-card'
import { Explain } from '@/features/jobs/components/explain'
import { Files } from '@/features/jobs/components/files'
import { JobNotes } from '@/features/jobs/components/job-notes'
import { EndedBadly, LiveJob, ScoreOverTime } from '@/features/jobs/components/live-job'
import { LogView } from '@/features/jobs/components/log-view'
import { Performance } from '@/features/jobs/components/performance'
import { ResultOverview } from '@/features/jobs/components/result-overview'
import { TrialTable } from '@/features/jobs/components/trial-table'
import { ago, moment } from '@/lib/format'

const route = getRouteApi(paths.job)

const TITLES = {
  overview: 'Overview',
  performance: 'Performance',
  explain: 'Explain',
  trials: 'Trials',
  log: 'Log',
  files: 'Files',
}
type Tab = keyof typeof TITLES

export function JobPage() {
  const { jobId } = route.useParams()
  const { tab = 'overview' } = route.useSearch()
  const queries = useQueryClient()
  const navigate = useNavigate()
  const say = useToast()
  const job = useQuery(jobQuery(jobId))
  const status = useQuery(statusQuery(jobId))
  const [isDeleting, setDeleting] = useState(false)
  const now = status.data?.status
  const isSettled = now !== undefined && SETTLED.has(now)
  const isCompleted = now === 'completed'
  const result = useQuery({ ...resultQuery(jobId), enabled: isCompleted })

  // The record changes when the status does: it is read again then, and only then.
  useEffect(() => {
    if (now) void queries.invalidateQueries({ queryKey: jobKeys.one(jobId), exact: true })
  }, [now, jobId, queries])

  const retry = useMutation({
    mutationFn: () => retryJob(jobId),
    onSuccess: () => void queries.invalidateQueries({ queryKey: jobKeys.one(jobId) }),
  })
  const deletion = useMutation({
    mutationFn: () => deleteJob(jobId),
    onSuccess: () => {
      say('The job was deleted.')
      queries.removeQueries({ queryKey: jobKeys.one(jobId) })
      void queries.invalidateQueries({ queryKey: jobKeys.all })
      void navigate({ to: paths.jobs })
    },
  })

  const crumbs = <Link to={paths.jobs}>Jobs</Link>
  const failed = job.isError ? job : status.isError && !status.data ? status : null
  if (failed) {
    return (
      <Page title="Job" crumbs={crumbs}>
        <ProblemNotice error={failed.error} onRetry={failed.refetch} />
        <p>
          <Link to={paths.jobs}>Back to the jobs</Link>
        </p>
      </Page>
    )
  }
  if (!job.data || !status.data) {
    return (
      <Page title="Job" crumbs={crumbs}>
        <Card>
          <Skeleton rows={9} />
        </Card>
      </Page>
    )
  }
  const record = job.data
  const tabs = (Object.keys(TITLES) as Tab[]).filter(
    (key) => isCompleted || ['overview', 'log', 'files'].includes(key),
  )
  const shown = tabs.includes(tab) ? tab : 'overview'
  return (
    <Page
      title={record.target_column}
      crumbs={crumbs}
      lead={
        <span className="row">
          <StatusChip status={status.data.status} />
          {record.is_deployed && <span className="chip chip-good">deployed</span>}
          <span>
            from{' '}
            <Link to={paths.dataset} params={{ datasetId: record.dataset_id }}>
              {record.dataset_name}
            </Link>
          </span>
          <time dateTime={record.created_at} title={moment(record.created_at)}>
            begun {ago(record.created_at)}
          </time>
        </span>
      }
      actions={isSettled && <Button onClick={() => setDeleting(true)}>Delete</Button>}
    >
      <Tabs
        label="Parts of the job"
        current={shown}
        items={tabs.map((key) => ({
          key,
          title: TITLES[key],
          link: { to: paths.job, params: { jobId }, search: { tab: key } },
        }))}
      />
      {retry.isError && <ProblemNotice error={retry.error} onRetry={() => retry.mutate()} />}
      {shown === 'overview' && !isSettled && <LiveJob job={record} status={status.data} />}
      {shown === 'overview' && isSettled && !isCompleted && (
        <EndedBadly status={status.data} onRetry={() => retry.mutate()} isBusy={retry.isPending} />
      )}
      {isCompleted && ['overview', 'performance', 'explain'].includes(shown) && (
        <>
          {result.isPending && <Skeleton rows={10} />}
          {result.isError && <ProblemNotice error={result.error} onRetry={result.refetch} />}
          {result.isSuccess && shown === 'overview' && (
            <ResultOverview job={record} result={result.data} />
          )}
          {result.isSuccess && shown === 'performance' && (
            <Performance metrics={result.data.metrics} />
          )}
          {result.isSuccess && shown === 'explain' && (
            <Explain explanations={result.data.explanations} />
          )}
        </>
      )}
      {shown === 'trials' && <Trials jobId={jobId} />}
      {shown === 'log' && <LogView jobId={jobId} isSettled={isSettled} />}
      {shown === 'files' && <Files jobId={jobId} isCompleted={isCompleted} />}
      {shown === 'overview' && isSettled && (
        <div style={{ marginTop: 20, maxWidth: 620 }}>
          <JobNotes key={record.version} job={record} />
        </div>
      )}
      <Confirm
        title={`Delete the job for ${record.target_column}?`}
        isOpen={isDeleting}
        onClose={() => setDeleting(false)}
        onConfirm={() => deletion.mutate()}
        action="Delete it"
        isBusy={deletion.isPending}
      >
        <p>
          Its model, reports and log are removed, and its predictions end. The data set stays. This
          cannot be undone.
        </p>
        {deletion.isError && <ProblemNotice error={deletion.error} />}
      </Confirm>
    </Page>
  )
}

function Trials({ jobId }: { jobId: string }) {
  const board = useQuery(leaderboardQuery(jobId, true))
  if (board.isPending) return <Skeleton rows={10} />
  if (board.isError) return <ProblemNotice error={board.error} onRetry={board.refetch} />
  if (board.data.trials.length === 0) return <EmptyNotice title="No trial has finished." />
  return (
    <div className="stack" style={{ gap: 20 }}>
      <EnsembleCard board={board.data} />
      <Card title="Search" aside={`Scored on ${board.data.evaluated_on}`}>
        <ScoreOverTime trials={board.data.trials} metric={board.data.metric} />
        <p className="muted small">Ended because {String(board.data.stopped_because ?? '')}.</p>
      </Card>
      <Card title="Trials" aside={`the best ${board.data.trials.length} of ${board.data.n_trials}`}>
        <TrialTable trials={board.data.trials} metric={board.data.metric} />
      </Card>
    </div>
  )
}
