import { answer, api } from '@/api/client'
import { ApiError, networkError } from '@/api/problem'
import type { Upload } from '@/api/types'
import { contentType } from '@/lib/sniff'
import { confirmDataset } from './queries'

export interface UploadState {
  phase: 'asking' | 'sending' | 'reading'
  /** Share of the file that has been sent, 0 to 1. */
  sent: number
}

/** Send a file straight to the object store, then have the platform read it. */
export async function uploadTable(
  file: File,
  onState: (state: UploadState) => void,
  signal: AbortSignal,
): Promise<string> {
  onState({ phase: 'asking', sent: 0 })
  const ticket = await answer(
    api.POST('/upload/request-url', {
      body: {
        filename: file.name,
        content_type: contentType(file.name),
        size_bytes: file.size,
        method: 'POST',
      },
      signal,
    }),
  )
  await send(ticket, file, (sent) => onState({ phase: 'sending', sent }), signal)
  onState({ phase: 'reading', sent: 1 })
  await confirmDataset(ticket.dataset_id)
  return ticket.dataset_id
}

/** `fetch` tells nothing of an upload's progress, hence the older way. */
function send(
  ticket: Upload,
  file: File,
  onSent: (share: number) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest()
    const stop = () => request.abort()
    signal.addEventListener('abort', stop, { once: true })
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onSent(event.loaded / event.total)
    }
    request.onloadend = () => signal.removeEventListener('abort', stop)
    request.onabort = () => reject(new DOMException('The upload was cancelled.', 'AbortError'))
    request.onerror = () => reject(networkError(ticket.upload_url))
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve()
      else reject(refusal(request))
    }
    request.open(ticket.method, ticket.upload_url)
    for (const [name, value] of Object.entries(ticket.headers)) {
      request.setRequestHeader(name, value)
    }
    if (ticket.method === 'PUT') {
      request.send(file)
      return
    }
    const form = new FormData()
    for (const [name, value] of Object.entries(ticket.fields)) form.append(name, value)
    // The store reads the fields before it takes the file, which therefore comes last.
    form.append('file', file)
    request.send(form)
  })
}

/** The store's own words: a problem document of ours, or S3's XML. */
function refusal(request: XMLHttpRequest): ApiError {
  const text = request.responseText
  let detail = /<Message>([^<]+)<\/Message>/.exec(text)?.[1]
  try {
    detail ??= (JSON.parse(text) as { detail?: string }).detail
  } catch {
    // Neither: the status has to say it.
  }
  return new ApiError({
    type: 'about:blank',
    code: 'upload-refused',
    title: 'The store refused the upload',
    detail: detail ?? `The store answered ${request.status}. Try the upload again.`,
    status: request.status,
    instance: '',
    request_id: '',
    errors: [],
  })
}
