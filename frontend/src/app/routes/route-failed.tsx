import type { ErrorComponentProps } from '@tanstack/react-router'
import { ProblemNotice } from '@/components/notices'
import { Page } from '@/components/page'

export function RouteFailed({ error }: ErrorComponentProps) {
  return (
    <Page title="This page failed">
      <ProblemNotice error={error} onRetry={() => location.reload()} retryLabel="Load it again" />
    </Page>
  )
}
