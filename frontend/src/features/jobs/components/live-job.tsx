import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Job, JobStatus, Trial } from '@/api/types'
import { Button } from '@/components/button'
import { LineChart, type Series } from '@/components/charts/lines'
import { Confirm } from '@/components/dialog'
import { Notice, ProblemNotice, Skeleton } from '@/components/notices'
import { Card, KeyFigure } from '@/components/page'
import { count, duration, isHigherBetter, metricTitle, number } from '@/lib/format'
import { answerPlan, cancelJob, jobKeys, leaderboardQuery, planQuery } from '../api/queries'
import { PlanView } from './plan-view'
import { TrialTable } from './trial-table'

const STAGES: [JobStatus['stage'], string][] = [
  ['queued', 'queued'],
  ['ingest', 'read'],
  ['profile', 'profile'],
  ['clarify', 'plan'],
  ['preprocess', 'split'],
  ['train', 'search'],
  ['evaluate', 'score'],
  ['explain', 'explain'],
  ['export', 'export'],
  ['verify', 'prove'],
  ['report', 'report'],
]

const AFTER_SEARCH: ReadonlySet<JobStatus['stage']> = new Set([
  'evaluate',
  'explain',
  'export',
  'verify',
  'report',
])

export function StageBar({ stage, isDone }: { stage: JobStatus['stage']; isDone: boolean }) {
  const at = STAGES.findIndex(([name]) => name === stage)
  return (
    <ol className="stages" aria-label="Stages">
      {STAGES.map(([name, title], number) => {
        const state = isDone || number < at ? 'done' : number === at ? 'now' : 'later'
        return (
          <li key={name} data-state={state} aria-current={state === 'now' ? 'step' : undefined}>
            {title}
            <span className="hidden-visually">
              {state === 'done' ? ' (done)' : state === 'now' ? ' (now)' : ''}
            </span>
          </li>
        )
      })}
    </ol>
  )
}

/** A clock of this page alone, so that what the platform answers need not change by itself. */
function useNow(isTicking: boolean): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!isTicking) return
    const timer = setInterval(() => setNow(Date.now()), 1000)
    return () => clearInterval(timer)
  }, [isTicking])
  return now
}

/** Best score so far against the time of the search. */
export function bestOverTime(trials: Trial[], metric: string): { x: number; y: number }[] {
  const sign = isHigherBetter(metric) ? 1 : -1
  const points: { x: number; y: number }[] = []
  let best = Number.NEGATIVE_INFINITY
  const timed = trials
    .filter((trial) => trial.score !== null && trial.at_seconds !== null)
    .sort((a, b) => (a.at_seconds ?? 0) - (b.at_seconds ?? 0))
  for (const trial of timed) {
    const value = sign * (trial.score ?? 0)
    if (value > best) {
      best = value
      points.push({ x: trial.at_seconds ?? 0, y: trial.score ?? 0 })
    }
  }
  const last = timed.at(-1)
  const end = points.at(-1)
  if (last && end && (last.at_seconds ?? 0) > end.x)
    points.push({ x: last.at_seconds ?? 0, y: end.y })
  return points
}

export function ScoreOverTime({ trials, metric }: { trials: Trial[]; metric: string }) {
  const series: Series[] = [{ name: 'best so far', points: bestOverTime(trials, metric) }]
  if ((series[0]?.points.length ?? 0) < 2) return null
  return (
    <LineChart
      title="Best validation score so far"
      description={`The best ${metricTitle(metric)} that the search had found, second by second.`}
      series={series}
      xLabel="seconds of search"
      yLabel={metricTitle(metric)}
      isStep
    />
  )
}

export function LiveJob({ job, status }: { job: Job; status: JobStatus }) {
  const queries = useQueryClient()
  const [isAsking, setAsking] = useState(false)
  const now = useNow(status.status === 'running')
  // The trials are listed when the search has ended; asked for sooner they would be refused.
  const isSearched = AFTER_SEARCH.has(status.stage)
  const board = useQuery({
    ...leaderboardQuery(job.job_id, false),
    enabled: isSearched,
    retry: false,
  })
  const refresh = () => queries.invalidateQueries({ queryKey: jobKeys.one(job.job_id) })
  const cancel = useMutation({
    mutationFn: () => cancelJob(job.job_id),
    onSuccess: () => {
      setAsking(false)
      void refresh()
    },
  })
  const elapsed = status.started_at ? (now - new Date(status.started_at).getTime()) / 1000 : 0
  const percent = Math.round(status.progress)
  return (
    <div className="stack" style={{ gap: 20 }}>
      <Card>
        <div className="stack">
          <StageBar stage={status.stage} isDone={false} />
          <div
            className="progress"
            role="progressbar"
            aria-label="Progress of the job"
            aria-valuemin={0}
            aria-valuemax={100}
            aria-valuenow={percent}
          >
            <i style={{ width: `${percent}%` }} />
          </div>
          <div className="row row-spread">
            <p className="muted">
              {status.status === 'pending' ? 'Waits for its turn.' : status.message || 'Working.'}
            </p>
            {status.cancel_requested ? (
              <span className="chip chip-warn">being cancelled</span>
            ) : (
              <Button onClick={() => setAsking(true)}>Cancel the job</Button>
            )}
          </div>
          {/* Rounded, or a reader's voice would never be silent. */}
          <p className="hidden-visually" role="status">
            Stage {status.stage}, {Math.floor(percent / 10) * 10} percent.
          </p>
        </div>
      </Card>
      {status.status === 'waiting' && <WaitingPlan jobId={job.job_id} onAnswered={refresh} />}
      <div className="figures">
        <KeyFigure value={duration(elapsed)} name="since it began" />
        <KeyFigure value={duration(job.time_budget_s)} name="time for the search" />
        <KeyFigure value={count(status.n_trials)} name="models tried" />
        <KeyFigure
          value={number(status.best_score)}
          name={`best ${metricTitle(status.metric)} on validation rows`}
        />
      </div>
      {isSearched && (
        <Card title="Search">
          {board.isPending && <Skeleton rows={6} />}
          {board.isError && <ProblemNotice error={board.error} onRetry={board.refetch} />}
          {board.isSuccess && (
            <div className="stack">
              <ScoreOverTime trials={board.data.trials} metric={board.data.metric} />
              <TrialTable trials={board.data.trials.slice(0, 8)} metric={board.data.metric} />
            </div>
          )}
        </Card>
      )}
      <Confirm
        title="Cancel this job?"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={() => cancel.mutate()}
        action="Cancel the job"
        isBusy={cancel.isPending}
      >
        <p>It ends within seconds. What it has found is kept, and the job can be tried again.</p>
        {cancel.isError && <ProblemNotice error={cancel.error} />}
      </Confirm>
    </div>
  )
}

function WaitingPlan({ jobId, onAnswered }: { jobId: string; onAnswered: () => void }) {
  const plan = useQuery(planQuery(jobId))
  const answer = useMutation({ mutationFn: () => answerPlan(jobId, {}), onSuccess: onAnswered })
  return (
    <Card title="The job waits for your answer">
      <div className="stack">
        {plan.isPending && <Skeleton rows={5} />}
        {plan.isError && <ProblemNotice error={plan.error} onRetry={plan.refetch} />}
        {plan.isSuccess && <PlanView plan={plan.data} />}
        {answer.isError && <ProblemNotice error={answer.error} />}
        <div className="row">
          <Button look="primary" onClick={() => answer.mutate()} disabled={answer.isPending}>
            Go on with this plan
          </Button>
        </div>
      </div>
    </Card>
  )
}

/** Why a job did not end well, and what can be done. */
export function EndedBadly({
  status,
  onRetry,
  isBusy,
}: {
  status: JobStatus
  onRetry: () => void
  isBusy: boolean
}) {
  return (
    <Card>
      <div className="stack">
        <StageBar stage={status.error?.stage ?? status.stage} isDone={false} />
        {status.error ? (
          <Notice tone="bad" title={status.error.title}>
            {status.error.detail}
          </Notice>
        ) : (
          <Notice
            title={status.status === 'cancelled' ? 'This job was cancelled.' : 'This job failed.'}
          />
        )}
        <div className="row">
          <Button look="primary" onClick={onRetry} disabled={isBusy}>
            Try it again
          </Button>
          <span className="muted small">
            It goes on where it stopped, as attempt {status.attempt + 1}.
          </span>
        </div>
      </div>
    </Card>
  )
}
