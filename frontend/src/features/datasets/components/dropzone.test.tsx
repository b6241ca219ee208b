import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, expect, it, vi } from 'vitest'
import { ApiError } from '@/api/problem'
import { Dropzone } from './dropzone'

afterEach(cleanup)

const file = new File(['a,b\n1,2\n'], 'table.csv')
const idle = { onFile: vi.fn(), onCancel: vi.fn(), onSample: vi.fn(), isSampleBusy: false }

it('teaches what can be uploaded', () => {
  render(<Dropzone {...idle} upload={null} />)

  expect(screen.getByText(/CSV, TSV, JSON Lines, Parquet or Excel/)).toBeTruthy()
})

it('takes a file that is dropped anywhere on the page', () => {
  const onFile = vi.fn()
  render(<Dropzone {...idle} onFile={onFile} upload={null} />)

  const dataTransfer = { types: ['Files'], files: [file] }
  fireEvent.dragEnter(window, { dataTransfer })
  expect(screen.getByText('Drop the table anywhere')).toBeTruthy()
  fireEvent.drop(window, { dataTransfer })

  expect(onFile).toHaveBeenCalledExactlyOnceWith(file)
  expect(screen.queryByText('Drop the table anywhere')).toBeNull()
})

it('shows how much was sent, and can be cancelled', () => {
  const onCancel = vi.fn()
  render(
    <Dropzone
      {...idle}
      onCancel={onCancel}
      upload={{ file, state: { phase: 'sending', sent: 0.42 }, error: null }}
    />,
  )

  expect(screen.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('42')
  fireEvent.click(screen.getByRole('button', { name: 'Cancel' }))
  expect(onCancel).toHaveBeenCalledOnce()
})

it('says why an upload was refused, and tries the same file again', () => {
  const onFile = vi.fn()
  const error = new ApiError({
    type: 'about:blank',
    code: 'table-unreadable',
    title: 'The table cannot be read',
    detail: 'Line 7 opens a quote that is never closed.',
    status: 422,
    instance: '',
    request_id: 'r9',
    errors: [],
  })
  render(<Dropzone {...idle} onFile={onFile} upload={{ file, state: null, error }} />)

  expect(screen.getByRole('alert').textContent).toContain('Line 7 opens a quote')
  expect(screen.getByText('r9')).toBeTruthy()
  fireEvent.click(screen.getByRole('button', { name: 'Try table.csv again' }))
  expect(onFile).toHaveBeenCalledExactlyOnceWith(file)
})
