import { infiniteQueryOptions } from '@tanstack/react-query'
import { answer, api } from '@/api/client'

export const modelsQuery = () =>
  infiniteQueryOptions({
    queryKey: ['models', 'list'],
    queryFn: ({ pageParam, signal }) =>
      answer(
        api.GET('/models', {
          params: { query: { limit: 50, next_token: pageParam ?? undefined } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_token,
  })
