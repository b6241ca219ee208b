import createClient, { type Middleware } from 'openapi-fetch'
import { networkError, problemOf } from './problem'
import type { paths } from './schema'

export interface Site {
  /** Where the API lies; the same origin unless `config.json` says otherwise. */
  apiBase: string
}

let site: Site = { apiBase: '/api' }

/** Read the settings that the place of deployment gives; one build serves them all. */
export async function loadSite(): Promise<void> {
  try {
    const answer = await fetch('/config.json', { cache: 'no-cache' })
    if (answer.ok) site = { ...site, ...((await answer.json()) as Partial<Site>) }
  } catch {
    // Without the file the defaults hold; if the platform is gone the first call says so.
  }
  api = make(site.apiBase)
}

export function apiBase(): string {
  return site.apiBase
}

/** Address of something that the browser itself fetches: a report, a download. */
export function apiAddress(path: string): string {
  return `${site.apiBase}${path}`
}

// The token lives for as long as the page: nothing that a script could read later is kept.
let token: string | null = null
const listeners = new Set<() => void>()

export const session = {
  get token(): string | null {
    return token
  },
  signIn(value: string): void {
    token = value
    for (const tell of listeners) tell()
  },
  signOut(): void {
    token = null
    for (const tell of listeners) tell()
  },
  subscribe(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

const authorize: Middleware = {
  onRequest({ request }) {
    if (token) request.headers.set('Authorization', `Bearer ${token}`)
    return request
  },
}

const refuse: Middleware = {
  async onResponse({ response }) {
    if (!response.ok && response.status !== 304) throw await problemOf(response)
    return response
  },
  onError({ error, request }) {
    if (error instanceof DOMException && error.name === 'AbortError') return error
    return networkError(new URL(request.url).pathname)
  },
}

function make(base: string) {
  const made = createClient<paths>({ baseUrl: base })
  made.use(authorize, refuse)
  return made
}

/** Every call of the API, typed by its contract; throws `ApiError` for whatever is not good. */
export let api = make(site.apiBase)

/** What a call answers, for one that did not throw. */
export async function answer<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T
}

/** A key for one click of one person: a repeat of the same write is answered, not done again. */
export function idempotencyKey(): string {
  return crypto.randomUUID()
}
