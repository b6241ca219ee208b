import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { answer, api, apiAddress, idempotencyKey } from '@/api/client'
import type { Explanations, Job, JobStatus, Metrics, Plan, TrainConfig } from '@/api/types'
import { pollEvery } from '@/lib/polling'

export const SETTLED: ReadonlySet<JobStatus['status']> = new Set([
  'completed',
  'failed',
  'cancelled',
])

export interface JobFilter {
  status?: JobStatus['status']
  dataset?: string
  tag?: string
  q?: string
}

export const jobKeys = {
  all: ['jobs'] as const,
  list: (filter: JobFilter) => ['jobs', 'list', filter] as const,
  one: (id: string) => ['jobs', id] as const,
}

export const jobsQuery = (filter: JobFilter) =>
  infiniteQueryOptions({
    queryKey: jobKeys.list(filter),
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/jobs', {
          params: {
            query: {
              limit: 50,
              next_token: pageParam ?? undefined,
              status: filter.status,
              dataset_id: filter.dataset,
              tag: filter.tag,
              q: filter.q,
            },
          },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_token,
    refetchInterval: (query) =>
      query.state.data?.pages.some((page) => page.items.some((job) => !SETTLED.has(job.status)))
        ? 5_000
        : false,
  })

export const jobQuery = (id: string) =>
  queryOptions({
    queryKey: jobKeys.one(id),
    queryFn: ({ signal }) =>
      answer(api.GET('/jobs/{job_id}', { params: { path: { job_id: id } }, signal })),
  })

export const statusQuery = (id: string) =>
  queryOptions({
    queryKey: [...jobKeys.one(id), 'status'],
    queryFn: ({ signal }) =>
      answer(api.GET('/jobs/{job_id}/status', { params: { path: { job_id: id } }, signal })),
    refetchInterval: (query) => {
      const status = query.state.data
      if (status && SETTLED.has(status.status)) return false
      return pollEvery(status?.started_at ?? null, document.hidden)
    },
    refetchIntervalInBackground: true,
  })

export const leaderboardQuery = (id: string, isSettled: boolean) =>
  queryOptions({
    queryKey: [...jobKeys.one(id), 'leaderboard'],
    queryFn: ({ signal }) =>
      answer(api.GET('/jobs/{job_id}/leaderboard', { params: { path: { job_id: id } }, signal })),
    staleTime: isSettled ? Number.POSITIVE_INFINITY : 0,
    refetchInterval: isSettled ? false : 4_000,
  })

export interface Result {
  metrics: Metrics
  explanations: Explanations
  plan: Plan
  parity: Record<string, unknown>
  model_family: string | null
  model_version: string | null
  score: number | null
}

export const resultQuery = (id: string) =>
  queryOptions({
    queryKey: [...jobKeys.one(id), 'result'],
    queryFn: async ({ signal }) =>
      (await answer(
        api.GET('/jobs/{job_id}/result', { params: { path: { job_id: id } }, signal }),
      )) as unknown as Result,
    // A finished job's figures never change.
    staleTime: Number.POSITIVE_INFINITY,
  })

export const planQuery = (id: string) =>
  queryOptions({
    queryKey: [...jobKeys.one(id), 'plan'],
    queryFn: ({ signal }) =>
      answer(api.GET('/jobs/{job_id}/plan', { params: { path: { job_id: id } }, signal })),
    retry: false,
  })

export const artifactsQuery = (id: string) =>
  queryOptions({
    queryKey: [...jobKeys.one(id), 'artifacts'],
    queryFn: ({ signal }) =>
      answer(api.GET('/jobs/{job_id}/artifacts', { params: { path: { job_id: id } }, signal })),
    // The addresses are good for minutes only.
    staleTime: 60_000,
  })

export const eventsQuery = (id: string, isSettled: boolean) =>
  queryOptions({
    queryKey: [...jobKeys.one(id), 'events'],
    queryFn: ({ signal }) =>
      answer(api.GET('/jobs/{job_id}/events', { params: { path: { job_id: id } }, signal })),
    refetchInterval: isSettled ? false : 5_000,
  })

export const logQuery = (id: string, isSettled: boolean) =>
  queryOptions({
    queryKey: [...jobKeys.one(id), 'log'],
    queryFn: ({ signal }) =>
      answer(
        api.GET('/jobs/{job_id}/logs', { params: { path: { job_id: id }, query: {} }, signal }),
      ),
    refetchInterval: isSettled ? false : 4_000,
  })

export const deploymentsQuery = (id: string) =>
  queryOptions({
    queryKey: [...jobKeys.one(id), 'deployments'],
    queryFn: ({ signal }) =>
      answer(api.GET('/jobs/{job_id}/deployments', { params: { path: { job_id: id } }, signal })),
  })

interface Training {
  dataset_id: string
  target_column: string
  config: Partial<TrainConfig>
}

/** The contract requires options that have defaults; the platform fills in what is absent. */
const bodyOf = ({ config, ...rest }: Training) => ({ ...rest, config: config as TrainConfig })

export const planTraining = (training: Training, signal?: AbortSignal) =>
  answer(
    api.POST('/train', { params: { query: { dry_run: true } }, body: bodyOf(training), signal }),
  )

export const startTraining = (training: Training) =>
  answer(
    api.POST('/train', {
      params: { header: { 'Idempotency-Key': idempotencyKey() } },
      body: bodyOf(training),
    }),
  )

const path = (id: string) => ({ params: { path: { job_id: id } } })

export const cancelJob = (id: string) => answer(api.POST('/jobs/{job_id}/cancel', path(id)))
export const retryJob = (id: string) => answer(api.POST('/jobs/{job_id}/retry', path(id)))
export const deployJob = (id: string, deploy: boolean) =>
  answer(api.POST('/jobs/{job_id}/deploy', { ...path(id), body: { deploy } }))
export const deleteJob = async (id: string) => {
  await api.DELETE('/jobs/{job_id}', path(id))
}
export const answerPlan = (
  id: string,
  body: {
    exclude_columns?: string[]
    task_type?: 'binary' | 'multiclass' | 'regression'
    time_budget?: number
  },
) => answer(api.POST('/jobs/{job_id}/clarify', { ...path(id), body }))

export const describeJob = (job: Job, change: { tags?: string[]; notes?: string }) =>
  answer(
    api.PATCH('/jobs/{job_id}', {
      params: { path: { job_id: job.job_id }, header: { 'If-Match': `"${job.version}"` } },
      body: change,
    }),
  )

export const compareQuery = (ids: string[]) =>
  queryOptions({
    queryKey: ['compare', ...ids],
    queryFn: ({ signal }) => answer(api.POST('/jobs/compare', { body: { job_ids: ids }, signal })),
    enabled: ids.length >= 2,
  })

export const reportAddress = (id: string, name: 'eda' | 'training' | 'deep') =>
  apiAddress(`/jobs/${id}/reports/${name}`)
export const bundleAddress = (id: string) => apiAddress(`/jobs/${id}/bundle`)
