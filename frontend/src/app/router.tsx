import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
} from '@tanstack/react-router'
import type { JobStatus } from '@/api/types'
import { Skeleton } from '@/components/notices'
import { paths } from '@/config/paths'
import { Home } from './routes/home'
import { NotFound } from './routes/not-found'
import { RouteFailed } from './routes/route-failed'
import { Shell } from './shell'

const text = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined

function oneOf<T extends string>(value: unknown, known: readonly T[]): T | undefined {
  return known.find((entry) => entry === value)
}

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound })

const home = createRoute({
  getParentRoute: () => root,
  path: paths.home,
  component: Home,
  validateSearch: (search: Record<string, unknown>): { q?: string } => ({ q: text(search.q) }),
})

export const DATASET_TABS = ['table', 'columns', 'findings', 'report'] as const

const dataset = createRoute({
  getParentRoute: () => root,
  path: paths.dataset,
  component: lazyRouteComponent(() => import('./routes/dataset'), 'DatasetPage'),
  validateSearch: (
    search: Record<string, unknown>,
  ): { tab?: (typeof DATASET_TABS)[number]; column?: string; target?: string } => ({
    tab: oneOf(search.tab, DATASET_TABS),
    column: text(search.column),
    target: text(search.target),
  }),
})

const STATUSES: readonly JobStatus['status'][] = [
  'pending',
  'running',
  'waiting',
  'completed',
  'failed',
  'cancelled',
]

const jobs = createRoute({
  getParentRoute: () => root,
  path: paths.jobs,
  component: lazyRouteComponent(() => import('./routes/jobs'), 'JobsPage'),
  validateSearch: (
    search: Record<string, unknown>,
  ): { q?: string; status?: JobStatus['status']; dataset?: string; tag?: string } => ({
    q: text(search.q),
    status: oneOf(search.status, STATUSES),
    dataset: text(search.dataset),
    tag: text(search.tag),
  }),
})

export const JOB_TABS = ['overview', 'performance', 'explain', 'trials', 'log', 'files'] as const

const job = createRoute({
  getParentRoute: () => root,
  path: paths.job,
  component: lazyRouteComponent(() => import('./routes/job'), 'JobPage'),
  validateSearch: (search: Record<string, unknown>): { tab?: (typeof JOB_TABS)[number] } => ({
    tab: oneOf(search.tab, JOB_TABS),
  }),
})

const predict = createRoute({
  getParentRoute: () => root,
  path: paths.predict,
  component: lazyRouteComponent(() => import('./routes/predict'), 'PredictPage'),
  validateSearch: (search: Record<string, unknown>): { tab?: 'form' | 'code' } => ({
    tab: oneOf(search.tab, ['form', 'code'] as const),
  }),
})

const compare = createRoute({
  getParentRoute: () => root,
  path: paths.compare,
  component: lazyRouteComponent(() => import('./routes/compare'), 'ComparePage'),
  validateSearch: (search: Record<string, unknown>): { ids?: string } => ({
    ids: text(search.ids),
  }),
})

const models = createRoute({
  getParentRoute: () => root,
  path: paths.models,
  component: lazyRouteComponent(() => import('./routes/models'), 'ModelsPage'),
})

const settings = createRoute({
  getParentRoute: () => root,
  path: paths.settings,
  component: lazyRouteComponent(() => import('./routes/settings'), 'SettingsPage'),
})

const signIn = createRoute({
  getParentRoute: () => root,
  path: paths.signIn,
  component: lazyRouteComponent(() => import('./routes/sign-in'), 'SignInPage'),
  validateSearch: (search: Record<string, unknown>): { return_to?: string } => ({
    // Never to another site: only addresses of this one.
    return_to: text(search.return_to)?.match(/^\/(?!\/)/) ? text(search.return_to) : undefined,
  }),
})

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    dataset,
    jobs,
    job,
    predict,
    compare,
    models,
    settings,
    signIn,
  ]),
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Skeleton rows={6} />,
  defaultErrorComponent: RouteFailed,
  scrollRestoration: true,
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
