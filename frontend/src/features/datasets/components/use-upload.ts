import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { ApiError, asApiError } from '@/api/problem'
import { sniff } from '@/lib/sniff'
import { datasetKeys } from '../api/queries'
import { type UploadState, uploadTable } from '../api/upload'

const HEAD_BYTES = 65_536

export interface RunningUpload {
  file: File
  state: UploadState | null
  error: ApiError | null
}

function refused(detail: string): ApiError {
  return new ApiError({
    type: 'about:blank',
    code: 'no-table',
    title: 'This is no table',
    detail,
    status: 422,
    instance: '',
    request_id: '',
    errors: [],
  })
}

/** One upload at a time: begin it, follow it, cancel it, try it again. */
export function useUpload(onDone: (datasetId: string) => void) {
  const [upload, setUpload] = useState<RunningUpload | null>(null)
  const abort = useRef<AbortController | null>(null)
  const queries = useQueryClient()

  const begin = useCallback(
    async (file: File) => {
      abort.current?.abort()
      const controller = new AbortController()
      abort.current = controller
      const isMine = () => abort.current === controller
      setUpload({ file, state: null, error: null })
      try {
        const head = new Uint8Array(await file.slice(0, HEAD_BYTES).arrayBuffer())
        const found = sniff(head, file.name)
        if (found.kind === 'refused') throw refused(found.reason)
        const id = await uploadTable(
          file,
          (state) => isMine() && setUpload({ file, state, error: null }),
          controller.signal,
        )
        if (!isMine()) return
        setUpload(null)
        onDone(id)
      } catch (error) {
        if (!isMine()) return
        const isCancelled = error instanceof DOMException && error.name === 'AbortError'
        setUpload(isCancelled ? null : { file, state: null, error: asApiError(error) })
      } finally {
        void queries.invalidateQueries({ queryKey: datasetKeys.all })
      }
    },
    [onDone, queries],
  )

  const cancel = useCallback(() => {
    abort.current?.abort()
    abort.current = null
    setUpload(null)
  }, [])

  useEffect(() => {
    if (!upload?.state) return
    // A file that is on its way is lost with the page.
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [upload?.state])

  return { upload, begin, cancel }
}
