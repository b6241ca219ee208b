import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Button } from '@/components/button'
import { EmptyNotice, ProblemNotice, Skeleton } from '@/components/notices'
import { Card, Page } from '@/components/page'
import { ScrollFrame } from '@/components/scroll-frame'
import { paths } from '@/config/paths'
import { modelsQuery } from '@/features/models/api/queries'
import { ago, count, familyTitle, metricTitle, moment, number } from '@/lib/format'

export function ModelsPage() {
  const list = useInfiniteQuery(modelsQuery())
  const models = list.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <Page title="Models" lead="What is deployed, and when it was last asked.">
      <Card>
        {list.isPending && <Skeleton rows={5} />}
        {list.isError && <ProblemNotice error={list.error} onRetry={list.refetch} />}
        {list.isSuccess && models.length === 0 && (
          <EmptyNotice title="No model is deployed.">
            <p>
              Open a completed <Link to={paths.jobs}>job</Link> and deploy its model.
            </p>
          </EmptyNotice>
        )}
        {models.length > 0 && (
          <ScrollFrame label="Models">
            <table className="table table-hover">
              <thead>
                <tr>
                  <th scope="col">Predicts</th>
                  <th scope="col">From</th>
                  <th scope="col">Model</th>
                  <th scope="col" className="number">
                    Score
                  </th>
                  <th scope="col" className="number">
                    Answers
                  </th>
                  <th scope="col">Last asked</th>
                </tr>
              </thead>
              <tbody>
                {models.map((model) => (
                  <tr key={model.job_id}>
                    <th scope="row">
                      <Link to={paths.predict} params={{ jobId: model.job_id }}>
                        {model.target_column}
                      </Link>
                    </th>
                    <td>
                      <Link to={paths.job} params={{ jobId: model.job_id }}>
                        {model.dataset_name}
                      </Link>
                    </td>
                    <td>{familyTitle(model.model_family)}</td>
                    <td className="number">
                      {number(model.score)}
                      <div className="small muted">{metricTitle(model.metric)}</div>
                    </td>
                    <td className="number">{count(model.n_predictions)}</td>
                    <td>
                      {model.last_used_at ? (
                        <time dateTime={model.last_used_at} title={moment(model.last_used_at)}>
                          {ago(model.last_used_at)}
                        </time>
                      ) : (
                        'never'
                      )}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </ScrollFrame>
        )}
        {list.hasNextPage && (
          <Button onClick={() => list.fetchNextPage()} disabled={list.isFetchingNextPage}>
            Show more
          </Button>
        )}
      </Card>
    </Page>
  )
}
