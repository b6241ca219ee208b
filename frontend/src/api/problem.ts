import type { components } from './schema'

export type Problem = components['schemas']['Problem']

/** What the platform refused, in its own words (RFC 9457); status 0: it did not answer. */
export class ApiError extends Error {
  readonly problem: Problem
  /** Seconds that the platform asks to wait, if it does. */
  readonly retryAfter: number | null

  constructor(problem: Problem, retryAfter: number | null = null) {
    super(problem.detail || problem.title)
    this.name = 'ApiError'
    this.problem = problem
    this.retryAfter = retryAfter
  }

  get status(): number {
    return this.problem.status
  }

  /** Message for one field of what was sent, by JSON pointer. */
  at(pointer: string): string | undefined {
    return this.problem.errors.find((error) => error.pointer === pointer)?.message
  }
}

function made(status: number, title: string, detail: string, instance = ''): Problem {
  return {
    type: 'about:blank',
    code: 'none',
    title,
    detail,
    status,
    instance,
    request_id: '',
    errors: [],
  }
}

export function networkError(address: string): ApiError {
  const detail =
    'The platform did not answer. Is it running, and is this computer connected to it? ' +
    'What you entered is still here.'
  return new ApiError(made(0, 'No answer', detail, address))
}

/** Read an answer that is not good as a problem, whatever came. */
export async function problemOf(response: Response): Promise<ApiError> {
  const wait = Number(response.headers.get('Retry-After'))
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null
  const text = await response.text()
  try {
    const body = JSON.parse(text) as Partial<Problem>
    if (typeof body === 'object' && body !== null && typeof body.title === 'string') {
      const base = made(response.status, body.title, '')
      return new ApiError({ ...base, ...body, errors: body.errors ?? [] } as Problem, retryAfter)
    }
  } catch {
    // Not JSON: a proxy spoke, whose words are for nobody here.
  }
  const title = response.status >= 500 ? 'The platform failed' : 'The request was refused'
  return new ApiError(
    made(response.status, title, `The answer was ${response.status}.`),
    retryAfter,
  )
}

/** Any thrown thing as something that can be shown. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  const text = error instanceof Error ? error.message : String(error)
  return new ApiError(made(0, 'Something failed in this page', text))
}
