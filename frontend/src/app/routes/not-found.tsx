import { Link } from '@tanstack/react-router'
import { Page } from '@/components/page'
import { paths } from '@/config/paths'

export function NotFound() {
  return (
    <Page title="There is no such page">
      <p>
        The address may be mistyped, or what it named was deleted.{' '}
        <Link to={paths.home}>Go to the data sets</Link>.
      </p>
    </Page>
  )
}
