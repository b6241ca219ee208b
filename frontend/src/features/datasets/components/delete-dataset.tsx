import { useMutation, useQueryClient } from '@tanstack/react-query'
import { asApiError } from '@/api/problem'
import type { DatasetSummary } from '@/api/types'
import { Confirm } from '@/components/dialog'
import { ProblemNotice } from '@/components/notices'
import { useToast } from '@/components/toast'
import { datasetKeys, deleteDataset } from '../api/queries'

interface Props {
  dataset: Pick<DatasetSummary, 'dataset_id' | 'filename'> | null
  onClose: () => void
  onDeleted?: () => void
}

/** Ask, then delete; where jobs use the data set, ask once more. */
export function DeleteDataset({ dataset, onClose, onDeleted }: Props) {
  const queries = useQueryClient()
  const say = useToast()
  const deletion = useMutation({
    mutationFn: (force: boolean) => deleteDataset(dataset?.dataset_id ?? '', force),
    onSuccess: () => {
      say(`${dataset?.filename} was deleted.`)
      void queries.invalidateQueries({ queryKey: datasetKeys.all })
      onDeleted?.()
      close()
    },
  })
  function close() {
    deletion.reset()
    onClose()
  }
  const isUsed = deletion.isError && asApiError(deletion.error).status === 409
  return (
    <Confirm
      title={`Delete ${dataset?.filename ?? ''}?`}
      isOpen={dataset !== null}
      onClose={close}
      onConfirm={() => deletion.mutate(isUsed)}
      action={isUsed ? 'Delete it all the same' : 'Delete it'}
      isBusy={deletion.isPending}
    >
      <div className="stack">
        <p>The table and all that was found out about it are removed. This cannot be undone.</p>
        {deletion.isError && <ProblemNotice error={deletion.error} />}
      </div>
    </Confirm>
  )
}
