import { useEffect, useRef, useState } from 'react'
import { Button } from '@/components/button'
import { ProblemNotice } from '@/components/notices'
import { bytes, share } from '@/lib/format'
import type { RunningUpload } from './use-upload'

interface Props {
  upload: RunningUpload | null
  onFile: (file: File) => void
  onCancel: () => void
  onSample: () => void
  isSampleBusy: boolean
}

const PHASES = { asking: 'Asking for a place', sending: 'Uploading', reading: 'Reading the table' }

/** Takes a file from anywhere on the page, or from the file dialogue. */
export function Dropzone({ upload, onFile, onCancel, onSample, isSampleBusy }: Props) {
  const input = useRef<HTMLInputElement>(null)
  const isOver = useFileDrop(onFile)
  const state = upload?.state
  return (
    <>
      {isOver && <div className="drop-veil">Drop the table anywhere</div>}
      <div className="dropzone" data-over={isOver}>
        <input
          ref={input}
          type="file"
          className="hidden-visually"
          tabIndex={-1}
          aria-label="Table to upload"
          onChange={(event) => {
            const file = event.target.files?.[0]
            event.target.value = ''
            if (file) onFile(file)
          }}
        />
        {!upload && (
          <>
            <h2>Drop a table here, or anywhere on this page</h2>
            <p className="muted">
              CSV, TSV, JSON Lines, Parquet or Excel, also gzipped. Uploading and looking at it
              costs nothing.
            </p>
            <div className="row" style={{ justifyContent: 'center' }}>
              <Button look="primary" onClick={() => input.current?.click()}>
                Choose a file
              </Button>
              <Button onClick={onSample} disabled={isSampleBusy}>
                Use the sample (penguins)
              </Button>
            </div>
          </>
        )}
        {upload && !upload.error && (
          <div className="stack" style={{ width: 'min(460px, 100%)' }}>
            <strong>{upload.file.name}</strong>
            <div
              className="progress"
              role="progressbar"
              aria-label={`Upload of ${upload.file.name}`}
              aria-valuemin={0}
              aria-valuemax={100}
              aria-valuenow={Math.round((state?.sent ?? 0) * 100)}
            >
              <i style={{ width: `${(state?.sent ?? 0) * 100}%` }} />
            </div>
            <p className="muted" aria-live="polite">
              {state ? PHASES[state.phase] : 'Looking at the file'}
              {state?.phase === 'sending' &&
                ` · ${share(Math.floor(state.sent * 100) / 100)} of ${bytes(upload.file.size)}`}
            </p>
            <div>
              <Button onClick={onCancel}>Cancel</Button>
            </div>
          </div>
        )}
        {upload?.error && (
          <div className="stack" style={{ width: 'min(560px, 100%)', textAlign: 'start' }}>
            <ProblemNotice
              error={upload.error}
              onRetry={() => onFile(upload.file)}
              retryLabel={`Try ${upload.file.name} again`}
            />
            <div className="row">
              <Button onClick={() => input.current?.click()}>Choose another file</Button>
              <Button look="quiet" onClick={onCancel}>
                Dismiss
              </Button>
            </div>
          </div>
        )}
      </div>
    </>
  )
}

/** Watch the whole window for a file that is dragged over it and dropped. */
function useFileDrop(onFile: (file: File) => void): boolean {
  const [isOver, setOver] = useState(false)
  const depth = useRef(0)
  useEffect(() => {
    const holdsFile = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false
    const enter = (event: DragEvent) => {
      if (!holdsFile(event)) return
      depth.current += 1
      setOver(true)
    }
    const leave = (event: DragEvent) => {
      if (!holdsFile(event)) return
      depth.current = Math.max(0, depth.current - 1)
      if (depth.current === 0) setOver(false)
    }
    const over = (event: DragEvent) => {
      if (holdsFile(event)) event.preventDefault()
    }
    const drop = (event: DragEvent) => {
      if (!holdsFile(event)) return
      event.preventDefault()
      depth.current = 0
      setOver(false)
      const file = event.dataTransfer?.files[0]
      if (file) onFile(file)
    }
    addEventListener('dragenter', enter)
    addEventListener('dragleave', leave)
    addEventListener('dragover', over)
    addEventListener('drop', drop)
    return () => {
      removeEventListener('dragenter', enter)
      removeEventListener('dragleave', leave)
      removeEventListener('dragover', over)
      removeEventListener('drop', drop)
    }
  }, [onFile])
  return isOver
}
