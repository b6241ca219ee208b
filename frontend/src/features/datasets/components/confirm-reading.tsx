import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Button } from '@/components/button'
import { SelectField, TextField } from '@/components/fields'
import { ProblemNotice } from '@/components/notices'
import { Card } from '@/components/page'
import { confirmDataset, datasetKeys } from '../api/queries'

/** Have the file read, with whatever its owner knows better than the reader. */
export function ConfirmReading({
  datasetId,
  isAgain = false,
}: {
  datasetId: string
  isAgain?: boolean
}) {
  const queries = useQueryClient()
  const [encoding, setEncoding] = useState('')
  const [delimiter, setDelimiter] = useState('')
  const [decimal, setDecimal] = useState('')
  const [header, setHeader] = useState('')
  const reading = useMutation({
    mutationFn: () =>
      confirmDataset(datasetId, {
        ...(encoding && { encoding }),
        ...(delimiter && { delimiter }),
        ...(decimal && { decimal: decimal as '.' | ',' }),
        ...(header && { header: header === 'yes' }),
      }),
    onSettled: () => queries.invalidateQueries({ queryKey: datasetKeys.one(datasetId) }),
  })
  function submit(event: FormEvent) {
    event.preventDefault()
    reading.mutate()
  }
  return (
    <Card title={isAgain ? 'Read it differently' : 'Read the file'}>
      <form className="stack" onSubmit={submit}>
        <div className="columns columns-two">
          <TextField
            label="Encoding"
            placeholder="as found"
            value={encoding}
            onChange={(event) => setEncoding(event.target.value)}
            hint="For example utf-8, windows-1252."
          />
          <SelectField
            label="Delimiter"
            value={delimiter}
            onChange={(event) => setDelimiter(event.target.value)}
          >
            <option value="">as found</option>
            <option value=",">comma</option>
            <option value=";">semicolon</option>
            <option value={'\t'}>tab</option>
            <option value="|">bar</option>
          </SelectField>
          <SelectField
            label="Decimal mark"
            value={decimal}
            onChange={(event) => setDecimal(event.target.value)}
          >
            <option value="">as found</option>
            <option value=".">point</option>
            <option value=",">comma</option>
          </SelectField>
          <SelectField
            label="Header"
            value={header}
            onChange={(event) => setHeader(event.target.value)}
          >
            <option value="">as found</option>
            <option value="yes">The first line names the columns</option>
            <option value="no">There is none</option>
          </SelectField>
        </div>
        {reading.isError && <ProblemNotice error={reading.error} />}
        <div>
          <Button type="submit" disabled={reading.isPending}>
            {reading.isPending ? 'Reading…' : isAgain ? 'Read it again' : 'Read it'}
          </Button>
        </div>
      </form>
    </Card>
  )
}
