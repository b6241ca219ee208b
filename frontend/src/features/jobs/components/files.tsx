import { useQuery } from '@tanstack/react-query'
import { buttonClass } from '@/components/button'
import { ProblemNotice, Skeleton } from '@/components/notices'
import { Card } from '@/components/page'
import { ScrollFrame } from '@/components/scroll-frame'
import { bytes } from '@/lib/format'
import { artifactsQuery, bundleAddress, reportAddress } from '../api/queries'

const WORDS: Record<string, string> = {
  'report.html': 'the training report',
  'eda.html': 'the report on the data',
  'eda_deep.html': 'the deep report on the data',
  'model_card.md': 'the model card',
  'metrics.json': 'all scores and curves',
  'explanations.json': 'what the model relies on',
  'leaderboard.json': 'the trials',
  'parity.json': 'the proof that the exported model is the fitted one',
  'plan.json': 'the plan',
  'profile.json': 'what was found in the table',
  'table.parquet': 'the table as it was read',
  'model.skops': 'the fitted model for Python',
  'bundle/model.onnx': 'the model',
  'bundle/manifest.json': 'its encoder, classes, origin',
  'bundle/README.md': 'how to use the bundle',
  'bundle/predict.py': 'answers rows; needs numpy and onnxruntime only',
}

/** Everything that the job has made, to take along. */
export function Files({ jobId, isCompleted }: { jobId: string; isCompleted: boolean }) {
  const list = useQuery(artifactsQuery(jobId))
  return (
    <div className="stack" style={{ gap: 20 }}>
      {isCompleted && (
        <Card title="Take it with you">
          <div className="row">
            <a className={buttonClass('primary')} href={bundleAddress(jobId)} download>
              Download the model bundle
            </a>
            <a
              className={buttonClass()}
              href={reportAddress(jobId, 'training')}
              target="_blank"
              rel="noreferrer"
            >
              Open the training report
            </a>
            <a
              className={buttonClass()}
              href={reportAddress(jobId, 'eda')}
              target="_blank"
              rel="noreferrer"
            >
              Open the report on the data
            </a>
            {list.data?.items.some((file) => file.name === 'eda_deep.html') && (
              <a
                className={buttonClass()}
                href={reportAddress(jobId, 'deep')}
                target="_blank"
                rel="noreferrer"
              >
                Open the deep report
              </a>
            )}
          </div>
        </Card>
      )}
      <Card title="Files">
        {list.isPending && <Skeleton rows={8} />}
        {list.isError && <ProblemNotice error={list.error} onRetry={list.refetch} />}
        {list.isSuccess && (
          <ScrollFrame label="Files">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">File</th>
                  <th scope="col">Holds</th>
                  <th scope="col" className="number">
                    Size
                  </th>
                </tr>
              </thead>
              <tbody>
                {list.data.items.map((file) => (
                  <tr key={file.name}>
                    <th scope="row">
                      <a href={file.download_url} className="mono">
                        {file.name}
                      </a>
                    </th>
                    <td className="muted">{WORDS[file.name] ?? ''}</td>
                    <td className="number">{bytes(file.size_bytes)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollFrame>
        )}
      </Card>
    </div>
  )
}
