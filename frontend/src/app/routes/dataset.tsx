import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import type { Dataset, Profile } from '@/api/types'
import { Button } from '@/components/button'
import { EmptyNotice, Notice, ProblemNotice, Skeleton } from '@/components/notices'
import { Card, Facts, KeyFigure, Page } from '@/components/page'
import { ScrollFrame } from '@/components/scroll-frame'
import { Tabs } from '@/components/tabs'
import { paths } from '@/config/paths'
import { datasetQuery, previewQuery, profileQuery } from '@/features/datasets/api/queries'
import { ColumnDrawer } from '@/features/datasets/components/column-drawer'
import { ColumnTable } from '@/features/datasets/components/column-table'
import { ConfirmReading } from '@/features/datasets/components/confirm-reading'
import { DataGrid } from '@/features/datasets/components/data-grid'
import { DeleteDataset } from '@/features/datasets/components/delete-dataset'
import { FindingList } from '@/features/datasets/components/findings'
import { TrainPanel } from '@/features/jobs/components/train-panel'
import { bytes, count, plural } from '@/lib/format'

const route = getRouteApi(paths.dataset)

const TITLES = {
  table: 'Table',
  columns: 'Columns',
  findings: 'Findings',
  report: 'How it was read',
}
type Tab = keyof typeof TITLES

export function DatasetPage() {
  const { datasetId } = route.useParams()
  const { tab = 'table', column, target } = route.useSearch()
  const navigate = useNavigate({ from: paths.dataset })
  const dataset = useQuery(datasetQuery(datasetId))
  const isReady = dataset.data?.status === 'ready'
  const preview = useQuery({ ...previewQuery(datasetId), enabled: isReady })
  const profile = useQuery({ ...profileQuery(datasetId), enabled: isReady })
  const [isDeleting, setDeleting] = useState(false)

  const openColumn = (name: string | undefined) =>
    void navigate({ search: (present) => ({ ...present, column: name }), resetScroll: false })
  const setTarget = (name: string | undefined) =>
    void navigate({
      search: (present) => ({ ...present, target: name, column: undefined }),
      resetScroll: false,
    })

  const crumbs = <Link to={paths.home}>Data sets</Link>
  if (dataset.isPending) {
    return (
      <Page title="Data set" crumbs={crumbs}>
        <Card>
          <Skeleton rows={10} />
        </Card>
      </Page>
    )
  }
  if (dataset.isError) {
    return (
      <Page title="Data set" crumbs={crumbs}>
        <ProblemNotice error={dataset.error} onRetry={dataset.refetch} />
        <p>
          <Link to={paths.home}>Back to the data sets</Link>
        </p>
      </Page>
    )
  }
  const found = dataset.data
  return (
    <Page
      title={found.filename}
      crumbs={crumbs}
      actions={<Button onClick={() => setDeleting(true)}>Delete</Button>}
    >
      {!isReady && <NotReady dataset={found} />}
      {isReady && (
        <div className="columns columns-side">
          <div className="stack" style={{ gap: 20 }}>
            <Figures dataset={found} profile={profile.data} />
            <div className="tab-body">
              <Tabs
                label="Parts of the data set"
                current={tab}
                items={(Object.keys(TITLES) as Tab[]).map((key) => ({
                  key,
                  title:
                    key === 'findings' && profile.data
                      ? `Findings (${profile.data.findings.length})`
                      : TITLES[key],
                  link: {
                    to: paths.dataset,
                    params: { datasetId },
                    search: { tab: key, target },
                  },
                }))}
              />
              {tab === 'table' && preview.isPending && <Skeleton rows={12} />}
              {tab === 'table' && preview.isError && (
                <ProblemNotice error={preview.error} onRetry={preview.refetch} />
              )}
              {tab === 'table' && preview.isSuccess && (
                <DataGrid
                  preview={preview.data}
                  columns={found.columns}
                  profile={profile.data?.columns}
                  rowCount={found.row_count ?? 0}
                  target={target}
                  onColumn={openColumn}
                />
              )}
              {tab === 'columns' && (
                <ColumnTable
                  columns={found.columns}
                  profile={profile.data?.columns}
                  onColumn={openColumn}
                />
              )}
              {tab === 'findings' && profile.isPending && <Skeleton rows={6} />}
              {tab === 'findings' && profile.isError && (
                <ProblemNotice error={profile.error} onRetry={profile.refetch} />
              )}
              {tab === 'findings' && profile.isSuccess && (
                <Card>
                  <FindingList findings={profile.data.findings} onColumn={openColumn} />
                </Card>
              )}
              {tab === 'report' && <Reading dataset={found} />}
            </div>
          </div>
          <div>
            <TrainPanel dataset={found} target={target} onTarget={setTarget} />
          </div>
        </div>
      )}
      <ColumnDrawer
        column={found.columns.find((entry) => entry.name === column)}
        profile={profile.data?.columns.find((entry) => entry.name === column)}
        findings={profile.data?.findings ?? []}
        onClose={() => openColumn(undefined)}
        onTarget={setTarget}
      />
      <DeleteDataset
        dataset={isDeleting ? found : null}
        onClose={() => setDeleting(false)}
        onDeleted={() => void navigate({ to: paths.home })}
      />
    </Page>
  )
}

function Figures({ dataset, profile }: { dataset: Dataset; profile: Profile | undefined }) {
  const missing = profile?.columns.filter((column) => column.missing.rows > 0).length
  return (
    <div className="figures">
      <KeyFigure value={count(dataset.row_count)} name="rows" />
      <KeyFigure value={count(dataset.column_count)} name="columns" />
      <KeyFigure value={bytes(dataset.file_size)} name="size of the file" />
      <KeyFigure value={count(missing)} name="columns with gaps" />
      {dataset.rejected_rows && dataset.rejected_rows.set_aside > 0 && (
        <KeyFigure value={count(dataset.rejected_rows.set_aside)} name="lines set aside" />
      )}
    </div>
  )
}

function NotReady({ dataset }: { dataset: Dataset }) {
  if (dataset.status === 'profiling') {
    return (
      <Card>
        <div role="status">
          <EmptyNotice title="The table is being read.">
            <p>It is a large one. This page goes on by itself; you may leave it.</p>
          </EmptyNotice>
        </div>
      </Card>
    )
  }
  return (
    <div className="stack">
      {dataset.error && (
        <Notice tone="bad" title={dataset.error.title}>
          {dataset.error.detail}
        </Notice>
      )}
      {dataset.status === 'awaiting_upload' && !dataset.error && (
        <Notice tone="warn" title="The file did not arrive, or was not read yet.">
          If its upload was cut short, go back and upload it again; else have it read now.
        </Notice>
      )}
      <ConfirmReading datasetId={dataset.dataset_id} />
    </div>
  )
}

function Reading({ dataset }: { dataset: Dataset }) {
  const { file, rejected_rows: rejected } = dataset
  return (
    <div className="stack">
      <Card title="The file">
        {file && (
          <Facts
            items={[
              [
                'Format',
                file.compression === 'none' ? file.format : `${file.format}, ${file.compression}`,
              ],
              ['Encoding', `${file.encoding} (${file.encoding_reason})`],
              ['Delimiter', file.delimiter === '\t' ? 'tab' : file.delimiter],
              ['Decimal mark', file.decimal],
              ['Header', file.has_header ? 'first line' : 'none: columns were named by number'],
              ['Lines above the table', count(file.skipped_lines)],
              ['SHA-256', <code key="sha">{file.sha256}</code>],
            ]}
          />
        )}
        {dataset.warnings.map((warning) => (
          <p key={warning} className="muted" style={{ marginTop: 8 }}>
            {warning}
          </p>
        ))}
      </Card>
      {rejected && rejected.set_aside > 0 && (
        <Card
          title="Lines that were set aside"
          aside={`${plural(rejected.set_aside, 'line')}; ${count(rejected.padded)} shorter ones were filled up`}
        >
          <ScrollFrame label="Lines that were set aside">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">Line</th>
                  <th scope="col">Why</th>
                  <th scope="col">Text</th>
                </tr>
              </thead>
              <tbody>
                {rejected.lines.map((line) => (
                  <tr key={line.line}>
                    <td>{count(line.line)}</td>
                    <td>{line.reason}</td>
                    <td className="mono small">{line.text}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollFrame>
        </Card>
      )}
      <ConfirmReading datasetId={dataset.dataset_id} isAgain />
    </div>
  )
}
