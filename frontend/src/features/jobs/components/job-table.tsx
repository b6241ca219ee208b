import { Link } from '@tanstack/react-router'
import type { Job } from '@/api/types'
import { ScrollFrame } from '@/components/scroll-frame'
import { StatusChip } from '@/components/severity'
import { paths } from '@/config/paths'
import { ago, duration, familyTitle, metricTitle, moment, number } from '@/lib/format'

interface Props {
  jobs: Job[]
  selected: ReadonlySet<string>
  onSelect: (jobId: string, isSelected: boolean) => void
}

export function secondsOf(job: Pick<Job, 'started_at' | 'finished_at'>): number | null {
  if (!job.started_at || !job.finished_at) return null
  return (new Date(job.finished_at).getTime() - new Date(job.started_at).getTime()) / 1000
}

export function JobTable({ jobs, selected, onSelect }: Props) {
  return (
    <ScrollFrame label="Jobs">
      <table className="table table-hover">
        <thead>
          <tr>
            <th scope="col">
              <span className="hidden-visually">Compare</span>
            </th>
            <th scope="col">Target</th>
            <th scope="col">Data set</th>
            <th scope="col">Status</th>
            <th scope="col" className="number">
              Score
            </th>
            <th scope="col">Model</th>
            <th scope="col" className="number">
              Took
            </th>
            <th scope="col">Begun</th>
            <th scope="col">Tags</th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <tr key={job.job_id}>
              <td>
                <input
                  type="checkbox"
                  aria-label={`Compare the model for ${job.target_column} of ${moment(job.created_at)}`}
                  checked={selected.has(job.job_id)}
                  onChange={(event) => onSelect(job.job_id, event.target.checked)}
                />
              </td>
              <th scope="row" style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
                <Link to={paths.job} params={{ jobId: job.job_id }}>
                  {job.target_column}
                </Link>
              </th>
              <td style={{ overflowWrap: 'anywhere' }}>
                <Link to={paths.dataset} params={{ datasetId: job.dataset_id }}>
                  {job.dataset_name}
                </Link>
              </td>
              <td>
                <StatusChip status={job.status} />
                {job.is_deployed && <span className="chip chip-good">deployed</span>}
              </td>
              <td className="number">
                {job.score === null ? '' : number(job.score)}
                {job.score !== null && <div className="small muted">{metricTitle(job.metric)}</div>}
              </td>
              <td>{job.model_family && familyTitle(job.model_family)}</td>
              <td className="number">{secondsOf(job) === null ? '' : duration(secondsOf(job))}</td>
              <td className="nowrap">
                <time dateTime={job.created_at} title={moment(job.created_at)}>
                  {ago(job.created_at)}
                </time>
              </td>
              <td>
                <div className="row" style={{ gap: 4 }}>
                  {job.tags.map((tag) => (
                    <Link key={tag} className="chip" to={paths.jobs} search={{ tag }}>
                      {tag}
                    </Link>
                  ))}
                </div>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </ScrollFrame>
  )
}
