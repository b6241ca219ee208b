import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { answer, api, apiAddress } from '@/api/client'
import type { Profile } from '@/api/types'
import { pollEvery } from '@/lib/polling'

export const datasetKeys = {
  all: ['datasets'] as const,
  list: (q: string) => ['datasets', 'list', q] as const,
  one: (id: string) => ['datasets', id] as const,
}

export const datasetsQuery = (q = '') =>
  infiniteQueryOptions({
    queryKey: datasetKeys.list(q),
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/datasets', {
          params: { query: { limit: 50, next_token: pageParam ?? undefined, q: q || undefined } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_token,
    staleTime: 15_000,
  })

export const datasetQuery = (id: string) =>
  queryOptions({
    queryKey: datasetKeys.one(id),
    queryFn: ({ signal }) =>
      answer(api.GET('/datasets/{dataset_id}', { params: { path: { dataset_id: id } }, signal })),
    refetchInterval: (query) =>
      query.state.data?.status === 'profiling'
        ? pollEvery(query.state.data.updated_at, document.hidden)
        : false,
  })

export const previewQuery = (id: string) =>
  queryOptions({
    queryKey: [...datasetKeys.one(id), 'preview'],
    queryFn: ({ signal }) =>
      answer(
        api.GET('/datasets/{dataset_id}/preview', {
          params: { path: { dataset_id: id }, query: { rows: 100 } },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  })

export const profileQuery = (id: string) =>
  queryOptions({
    queryKey: [...datasetKeys.one(id), 'profile'],
    queryFn: async ({ signal }) =>
      (await answer(
        api.GET('/datasets/{dataset_id}/profile', { params: { path: { dataset_id: id } }, signal }),
      )) as unknown as Profile,
    staleTime: Number.POSITIVE_INFINITY,
  })

export const targetQuery = (id: string, target: string) =>
  queryOptions({
    queryKey: [...datasetKeys.one(id), 'target', target],
    queryFn: ({ signal }) =>
      answer(
        api.POST('/datasets/{dataset_id}/target-check', {
          params: { path: { dataset_id: id } },
          body: { target_column: target },
          signal,
        }),
      ),
    staleTime: Number.POSITIVE_INFINITY,
  })

export async function deleteDataset(id: string, force: boolean): Promise<void> {
  await api.DELETE('/datasets/{dataset_id}', {
    params: { path: { dataset_id: id }, query: { force } },
  })
}

export const createSample = () => answer(api.POST('/datasets/sample'))

export const confirmDataset = (
  id: string,
  options: { encoding?: string; delimiter?: string; decimal?: '.' | ','; header?: boolean } = {},
) =>
  answer(
    api.POST('/datasets/{dataset_id}/confirm', {
      params: { path: { dataset_id: id } },
      body: options,
    }),
  )

export const profileAddress = (id: string) => apiAddress(`/datasets/${id}/profile`)
