import { Link } from '@tanstack/react-router'
import type { Job, Metrics } from '@/api/types'
import { buttonClass } from '@/components/button'
import { Notice } from '@/components/notices'
import { Card, Facts, KeyFigure } from '@/components/page'
import { paths } from '@/config/paths'
import { count, duration, familyTitle, metricTitle, number, share, taskTitle } from '@/lib/format'
import type { Result } from '../api/queries'
import { secondsOf } from './job-table'

/** The verdict first; then how sure it is, and what the model is made of. */
export function ResultOverview({ job, result }: { job: Job; result: Result }) {
  const { metrics, parity, plan } = result
  const isGood = metrics.is_worth_deploying ?? metrics.is_better_than_baseline
  const score = metrics.scores[metrics.metric]
  const gap = Number(parity.max_probability_gap ?? parity.max_relative_gap ?? 0)
  return (
    <div className="stack" style={{ gap: 20 }}>
      <Notice
        tone={isGood ? 'good' : 'warn'}
        title={isGood ? 'This model has learned something.' : 'Do not deploy this model yet.'}
      >
        {metrics.verdict}
      </Notice>
      {metrics.leak_check?.suspicious && (
        <Notice tone="warn" title="One column holds nearly everything.">
          {metrics.leak_check.reason}
        </Notice>
      )}
      <div className="figures">
        <KeyFigure
          value={number(score?.value)}
          name={
            <>
              {metricTitle(metrics.metric)} on the holdout
              <br />
              {score?.low != null && `${number(score.low)} to ${number(score.high)}`}
            </>
          }
        />
        <KeyFigure
          value={number(metrics.baseline.scores[metrics.metric])}
          name={`${metricTitle(metrics.metric)} of guessing`}
        />
        <KeyFigure value={familyTitle(result.model_family)} name="model" />
        <KeyFigure value={duration(secondsOf(job))} name="from start to report" />
      </div>
      <div className="columns columns-two">
        <Card title="How it was made">
          <Facts
            items={[
              ['Predicts', `${plan.target_column}: ${taskTitle(plan.task)}`],
              [
                'Rows',
                `${count(plan.row_count)}, of which ${count(metrics.n_rows)} are the holdout`,
              ],
              ['Split', `${plan.split.method}. ${plan.split.reason}`],
              ['Columns read', count(plan.features.length)],
              ['Columns left out', count(plan.dropped.length)],
              ['Seed', String(plan.seed)],
            ]}
          />
          {plan.dropped.length > 0 && (
            <details>
              <summary>Why columns were left out</summary>
              <ul className="stack-tight small">
                {plan.dropped.map((column) => (
                  <li key={column.name}>
                    <code>{column.name}</code> <span className="muted">{column.reason}</span>
                  </li>
                ))}
              </ul>
            </details>
          )}
        </Card>
        <Card title="What it answers">
          <Facts items={answers(metrics)} />
          <p className="small muted" style={{ marginTop: 12 }}>
            The exported model was compared with the fitted one on {count(Number(parity.n_rows))}{' '}
            rows, and on rows with gaps and unseen values: the largest difference is{' '}
            {gap.toExponential(1)}, and {count(Number(parity.label_flips))} answers differ.
          </p>
        </Card>
      </div>
      <div className="row">
        <Link className={buttonClass('primary')} to={paths.predict} params={{ jobId: job.job_id }}>
          {job.is_deployed ? 'Predict with it' : 'Deploy and predict'}
        </Link>
      </div>
    </div>
  )
}

function answers(metrics: Metrics): [string, string][] {
  if (metrics.task === 'regression') {
    const { interval } = metrics
    if (!interval || interval.half_width == null) return [['Answers', 'a number']]
    const measured = interval.measured?.coverage
    return [
      ['Answers', 'a number with an interval'],
      ['Width', `± ${number(interval.half_width)} at ${share(interval.coverage)}`],
      ...(measured == null
        ? []
        : ([['Held', `${share(measured)} of the holdout rows`]] as [string, string][])),
    ]
  }
  const set = metrics.label_set
  return [
    ['Answers', 'a class, and the probability of each'],
    ['Classes', metrics.classes.map(String).slice(0, 12).join(', ')],
    ...(set
      ? ([
          [
            `Sets at ${share(set.coverage)}`,
            `the true class was in the set for ${share(set.measured?.coverage)} of the holdout rows`,
          ],
        ] as [string, string][])
      : []),
  ]
}
