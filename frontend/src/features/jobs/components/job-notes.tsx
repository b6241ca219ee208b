import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { asApiError } from '@/api/problem'
import type { Job } from '@/api/types'
import { Button } from '@/components/button'
import { TextField } from '@/components/fields'
import { ProblemNotice } from '@/components/notices'
import { Card } from '@/components/page'
import { useToast } from '@/components/toast'
import { describeJob, jobKeys } from '../api/queries'

/** Tags and notes of a job; somebody else's change in between is never overwritten. */
export function JobNotes({ job }: { job: Job }) {
  const queries = useQueryClient()
  const say = useToast()
  const [tags, setTags] = useState(job.tags.join(', '))
  const [notes, setNotes] = useState(job.notes)
  const change = useMutation({
    mutationFn: () =>
      describeJob(job, {
        tags: tags
          .split(',')
          .map((tag) => tag.trim())
          .filter(Boolean),
        notes,
      }),
    onSuccess: (changed) => {
      queries.setQueryData(jobKeys.one(job.job_id), changed)
      void queries.invalidateQueries({ queryKey: ['jobs', 'list'] })
      say('Saved.')
    },
  })
  const isStale = change.isError && asApiError(change.error).status === 412
  function submit(event: FormEvent) {
    event.preventDefault()
    change.mutate()
  }
  return (
    <Card title="Notes">
      <form className="stack" onSubmit={submit}>
        <TextField
          label="Tags"
          hint="Up to ten, parted by commas."
          value={tags}
          onChange={(event) => setTags(event.target.value)}
          error={change.isError ? asApiError(change.error).at('/tags') : undefined}
        />
        <div className="field">
          <label htmlFor="job-notes">Notes</label>
          <textarea
            id="job-notes"
            className="textarea"
            maxLength={1000}
            value={notes}
            onChange={(event) => setNotes(event.target.value)}
          />
        </div>
        {change.isError && (
          <ProblemNotice
            error={change.error}
            onRetry={
              isStale
                ? () => void queries.invalidateQueries({ queryKey: jobKeys.one(job.job_id) })
                : undefined
            }
            retryLabel="Read it again"
          />
        )}
        <div>
          <Button type="submit" disabled={change.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Card>
  )
}
