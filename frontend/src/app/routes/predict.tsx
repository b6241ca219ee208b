import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useDeferredValue, useMemo, useState } from 'react'
import { asApiError } from '@/api/problem'
import type { ModelInfo, Prediction } from '@/api/types'
import { Button } from '@/components/button'
import { EmptyNotice, ProblemNotice, Skeleton } from '@/components/notices'
import { Card, Page } from '@/components/page'
import { Tabs } from '@/components/tabs'
import { useToast } from '@/components/toast'
import { paths } from '@/config/paths'
import { deployJob, jobKeys, jobQuery } from '@/features/jobs/api/queries'
import { modelInfoQuery, predictRow } from '@/features/predict/api/queries'
import { FeatureForm } from '@/features/predict/components/feature-form'
import { type FormValues, rowOf, startValues } from '@/features/predict/components/form-values'
import { PredictionCard } from '@/features/predict/components/prediction-card'
import { Snippets } from '@/features/predict/components/snippets'

const route = getRouteApi(paths.predict)

export function PredictPage() {
  const { jobId } = route.useParams()
  const { tab = 'form' } = route.useSearch()
  const queries = useQueryClient()
  const say = useToast()
  const job = useQuery(jobQuery(jobId))
  const isDeployed = job.data?.is_deployed === true
  const info = useQuery({ ...modelInfoQuery(jobId), enabled: isDeployed })
  const deploy = useMutation({
    mutationFn: (wanted: boolean) => deployJob(jobId, wanted),
    onSuccess: (entry) => {
      say(entry.is_deployed ? 'The model is deployed.' : 'The model is withdrawn.')
      void queries.invalidateQueries({ queryKey: jobKeys.one(jobId) })
      void queries.invalidateQueries({ queryKey: ['models', 'list'] })
    },
  })
  const crumbs = (
    <>
      <Link to={paths.jobs}>Jobs</Link> /{' '}
      <Link to={paths.job} params={{ jobId }}>
        {job.data?.target_column ?? 'Job'}
      </Link>
    </>
  )
  return (
    <Page
      title={job.data ? `Predict ${job.data.target_column}` : 'Predict'}
      crumbs={crumbs}
      actions={
        isDeployed && (
          <Button onClick={() => deploy.mutate(false)} disabled={deploy.isPending}>
            Withdraw the model
          </Button>
        )
      }
    >
      {job.isPending && <Skeleton rows={8} />}
      {job.isError && <ProblemNotice error={job.error} onRetry={job.refetch} />}
      {deploy.isError && <ProblemNotice error={deploy.error} />}
      {job.data && !isDeployed && (
        <Card>
          <EmptyNotice
            title={
              job.data.status === 'completed'
                ? 'This model is not deployed.'
                : 'This job has no model yet.'
            }
          >
            <p>
              {job.data.status === 'completed'
                ? 'Deployed, it answers here and at an address of its own. It costs nothing while nobody asks.'
                : `It is ${job.data.status}.`}
            </p>
            {job.data.status === 'completed' && (
              <Button
                look="primary"
                onClick={() => deploy.mutate(true)}
                disabled={deploy.isPending}
              >
                Deploy it
              </Button>
            )}
          </EmptyNotice>
        </Card>
      )}
      {isDeployed && info.isPending && <Skeleton rows={8} />}
      {isDeployed && info.isError && <ProblemNotice error={info.error} onRetry={info.refetch} />}
      {isDeployed && info.isSuccess && (
        <Ask key={info.data.model_version} jobId={jobId} info={info.data} tab={tab} />
      )}
    </Page>
  )
}

function Ask({ jobId, info, tab }: { jobId: string; info: ModelInfo; tab: 'form' | 'code' }) {
  const fields = useMemo(
    () => [...info.fields].sort((a, b) => (b.importance ?? 0) - (a.importance ?? 0)),
    [info.fields],
  )
  const [values, setValues] = useState<FormValues>(() => startValues(fields))
  const [kept, setKept] = useState<Prediction | null>(null)
  const row = useMemo(() => rowOf(values, fields), [values, fields])
  const asked = useDeferredValue(row)
  const answer = useQuery({
    queryKey: ['predict', jobId, asked],
    queryFn: ({ signal }) => predictRow(jobId, asked, signal),
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  const problem = answer.isError ? asApiError(answer.error) : null
  const errors = Object.fromEntries(
    fields.map((field) => [
      field.name,
      problem?.at(`/features/${escapePointer(field.name)}`) ??
        problem?.at(`/0/${escapePointer(field.name)}`),
    ]),
  )
  const isToldAtField = Object.values(errors).some(Boolean)
  return (
    <>
      <Tabs
        label="Ways to ask"
        current={tab}
        items={[
          { key: 'form', title: 'Form', link: { to: paths.predict, params: { jobId } } },
          {
            key: 'code',
            title: 'Code',
            link: { to: paths.predict, params: { jobId }, search: { tab: 'code' } },
          },
        ]}
      />
      {tab === 'code' ? (
        <Snippets jobId={jobId} row={row} />
      ) : (
        <div className="columns columns-side">
          <Card title="A row" aside="most important columns first; typical values to begin with">
            <FeatureForm
              fields={fields}
              values={values}
              errors={errors}
              onChange={(name, value) => setValues((present) => ({ ...present, [name]: value }))}
            />
          </Card>
          <div className="stack" style={{ alignContent: 'start' }}>
            {problem && !isToldAtField && (
              <ProblemNotice error={problem} onRetry={answer.refetch} />
            )}
            {answer.isPending && <Skeleton rows={6} />}
            {answer.data && (
              <PredictionCard target={info.target_column} prediction={answer.data} before={kept} />
            )}
            <div className="row">
              {answer.data && (
                <Button onClick={() => setKept(answer.data)}>Keep this answer to compare</Button>
              )}
              <Button look="quiet" onClick={() => setValues(startValues(fields))}>
                Typical values again
              </Button>
            </div>
          </div>
        </div>
      )}
    </>
  )
}

/** A column's name inside a JSON pointer (RFC 6901). */
function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}
