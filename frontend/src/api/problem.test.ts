import { expect, it } from 'vitest'
import { asApiError, problemOf } from './problem'

it('keeps the words, the field and the wait of a problem document', async () => {
  const body = {
    type: '/problems/rows-invalid',
    title: 'A row cannot be used',
    status: 422,
    detail: 'Column age expects a number.',
    code: 'rows-invalid',
    request_id: 'r1',
    instance: '/predict/j1',
    errors: [{ pointer: '/features/age', message: 'expects a number' }],
  }
  const error = await problemOf(
    new Response(JSON.stringify(body), { status: 422, headers: { 'Retry-After': '7' } }),
  )

  expect(error.message).toBe('Column age expects a number.')
  expect(error.at('/features/age')).toBe('expects a number')
  expect(error.at('/features/name')).toBeUndefined()
  expect(error.retryAfter).toBe(7)
})

it('says only the status where a proxy answered in HTML', async () => {
  const error = await problemOf(new Response('<h1>Bad gateway</h1>', { status: 502 }))

  expect(error.status).toBe(502)
  expect(error.problem.title).toBe('The platform failed')
  expect(error.message).toBe('The answer was 502.')
})

it('makes a problem of anything that is thrown', () => {
  expect(asApiError(new TypeError('x is undefined')).problem.detail).toBe('x is undefined')
})
