/** Addresses of pages, as the router knows them. */
export const paths = {
  home: '/',
  dataset: '/datasets/$datasetId',
  jobs: '/jobs',
  job: '/jobs/$jobId',
  predict: '/jobs/$jobId/predict',
  compare: '/compare',
  models: '/models',
  settings: '/settings',
  signIn: '/sign-in',
} as const
