import { queryOptions } from '@tanstack/react-query'
import { answer, api } from '@/api/client'
import type { Cell, Prediction } from '@/api/types'

export const modelInfoQuery = (id: string) =>
  queryOptions({
    queryKey: ['models', id, 'info'],
    queryFn: ({ signal }) =>
      answer(api.GET('/predict/{job_id}/info', { params: { path: { job_id: id } }, signal })),
    retry: false,
  })

export async function predictRow(
  id: string,
  features: Record<string, Cell>,
  signal?: AbortSignal,
): Promise<Prediction> {
  return (await answer(
    api.POST('/predict/{job_id}', {
      params: { path: { job_id: id } },
      body: { features },
      signal,
    }),
  )) as unknown as Prediction
}
