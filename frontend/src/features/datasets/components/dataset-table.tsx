import { Link } from '@tanstack/react-router'
import type { DatasetSummary } from '@/api/types'
import { Button } from '@/components/button'
import { ScrollFrame } from '@/components/scroll-frame'
import { paths } from '@/config/paths'
import { ago, bytes, count, moment } from '@/lib/format'

const STATES: Record<DatasetSummary['status'], { word: string; tone: string }> = {
  awaiting_upload: { word: 'not uploaded', tone: '' },
  profiling: { word: 'being read', tone: 'chip-warn' },
  ready: { word: 'ready', tone: 'chip-good' },
  refused: { word: 'refused', tone: 'chip-bad' },
}

export function DatasetTable({
  datasets,
  onDelete,
}: {
  datasets: DatasetSummary[]
  onDelete: (dataset: DatasetSummary) => void
}) {
  return (
    <ScrollFrame label="Data sets">
      <table className="table table-hover">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" className="number">
              Rows
            </th>
            <th scope="col" className="number">
              Columns
            </th>
            <th scope="col" className="number">
              Size
            </th>
            <th scope="col">State</th>
            <th scope="col">Uploaded</th>
            <th scope="col">
              <span className="hidden-visually">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {datasets.map((dataset) => {
            const state = STATES[dataset.status]
            return (
              <tr key={dataset.dataset_id}>
                <th scope="row" style={{ whiteSpace: 'normal', overflowWrap: 'anywhere' }}>
                  <Link to={paths.dataset} params={{ datasetId: dataset.dataset_id }}>
                    {dataset.filename}
                  </Link>
                </th>
                <td className="number">{count(dataset.row_count)}</td>
                <td className="number">{count(dataset.column_count)}</td>
                <td className="number">{bytes(dataset.file_size)}</td>
                <td>
                  <span className={`chip ${state.tone}`}>{state.word}</span>
                </td>
                <td className="nowrap">
                  <time dateTime={dataset.created_at} title={moment(dataset.created_at)}>
                    {ago(dataset.created_at)}
                  </time>
                </td>
                <td className="number">
                  <Button
                    small
                    look="quiet"
                    onClick={() => onDelete(dataset)}
                    aria-label={`Delete ${dataset.filename}`}
                  >
                    Delete
                  </Button>
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </ScrollFrame>
  )
}
