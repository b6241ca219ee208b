import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { asApiError } from '@/api/problem'
import { ToastProvider } from '@/components/toast'
import { router } from './router'

/** A refused token asks for another one, and comes back to where it was. */
function onError(error: unknown): void {
  if (asApiError(error).status !== 401) return
  const here = router.state.location.href
  if (!here.startsWith('/sign-in')) {
    void router.navigate({ to: '/sign-in', search: { return_to: here } })
  }
}

const RETRIES = 2

const queries = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // What was refused will be refused again; what failed may not.
      retry: (failures, error) => {
        const { status } = asApiError(error)
        return failures < RETRIES && (status === 0 || status >= 500 || status === 429)
      },
      retryDelay: (failures, error) =>
        (asApiError(error).retryAfter ?? Math.min(2 ** failures, 8)) * 1000,
    },
  },
})

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <ToastProvider>
        <RouterProvider router={router} />
      </ToastProvider>
    </QueryClientProvider>
  )
}
