import { useInfiniteQuery, useMutation } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useCallback, useState } from 'react'
import type { DatasetSummary } from '@/api/types'
import { Button } from '@/components/button'
import { TextField } from '@/components/fields'
import { EmptyNotice, ProblemNotice, Skeleton } from '@/components/notices'
import { Card, Page } from '@/components/page'
import { paths } from '@/config/paths'
import { createSample, datasetsQuery } from '@/features/datasets/api/queries'
import { DatasetTable } from '@/features/datasets/components/dataset-table'
import { DeleteDataset } from '@/features/datasets/components/delete-dataset'
import { Dropzone } from '@/features/datasets/components/dropzone'
import { useUpload } from '@/features/datasets/components/use-upload'

const route = getRouteApi(paths.home)

export function Home() {
  const { q } = route.useSearch()
  const navigate = useNavigate()
  const open = useCallback(
    (datasetId: string) => void navigate({ to: paths.dataset, params: { datasetId } }),
    [navigate],
  )
  const { upload, begin, cancel } = useUpload(open)
  const sample = useMutation({
    mutationFn: createSample,
    onSuccess: (made) => open(made.dataset_id),
  })
  const [doomed, setDoomed] = useState<DatasetSummary | null>(null)
  const list = useInfiniteQuery(datasetsQuery(q))
  const datasets = list.data?.pages.flatMap((page) => page.items) ?? []

  return (
    <Page title="Data sets" lead="Every model begins with a table.">
      <div className="stack" style={{ gap: 24 }}>
        <Dropzone
          upload={upload}
          onFile={begin}
          onCancel={cancel}
          onSample={() => sample.mutate()}
          isSampleBusy={sample.isPending}
        />
        {sample.isError && <ProblemNotice error={sample.error} onRetry={() => sample.mutate()} />}
        <Card>
          {(datasets.length > 0 || q) && (
            <div style={{ maxWidth: 320, marginBottom: 12 }}>
              <TextField
                label="Search"
                type="search"
                placeholder="Part of a name"
                defaultValue={q ?? ''}
                onChange={(event) =>
                  void navigate({
                    to: paths.home,
                    search: { q: event.target.value || undefined },
                    replace: true,
                  })
                }
              />
            </div>
          )}
          {list.isPending && <Skeleton rows={5} />}
          {list.isError && <ProblemNotice error={list.error} onRetry={list.refetch} />}
          {list.isSuccess && datasets.length === 0 && (
            <EmptyNotice title={q ? `No data set is called like “${q}”.` : 'No data set yet.'}>
              <p>
                {q
                  ? 'Search for another part of its name.'
                  : 'Drop a table above, or try the sample: 344 penguins, whose species can be learned in a minute.'}
              </p>
            </EmptyNotice>
          )}
          {datasets.length > 0 && <DatasetTable datasets={datasets} onDelete={setDoomed} />}
          {list.hasNextPage && (
            <Button onClick={() => list.fetchNextPage()} disabled={list.isFetchingNextPage}>
              Show more
            </Button>
          )}
        </Card>
      </div>
      <DeleteDataset dataset={doomed} onClose={() => setDoomed(null)} />
    </Page>
  )
}
