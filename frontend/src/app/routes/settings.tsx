import { useQuery } from '@tanstack/react-query'
import { useState, useSyncExternalStore } from 'react'
import { answer, api, apiAddress, session } from '@/api/client'
import { Button } from '@/components/button'
import { SelectField } from '@/components/fields'
import { ProblemNotice, Skeleton } from '@/components/notices'
import { Card, Facts, Page } from '@/components/page'

type Theme = 'system' | 'light' | 'dark'

function readTheme(): Theme {
  const chosen = document.documentElement.dataset.theme
  return chosen === 'light' || chosen === 'dark' ? chosen : 'system'
}

function keepTheme(theme: Theme): void {
  if (theme === 'system') {
    delete document.documentElement.dataset.theme
    localStorage.removeItem('theme')
  } else {
    document.documentElement.dataset.theme = theme
    localStorage.setItem('theme', theme)
  }
}

export function SettingsPage() {
  const [theme, setTheme] = useState<Theme>(readTheme)
  const token = useSyncExternalStore(session.subscribe, () => session.token)
  const ready = useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => answer(api.GET('/health/ready', { signal })),
    retry: false,
  })
  return (
    <Page title="Settings">
      <div className="columns columns-two">
        <Card title="Appearance">
          <SelectField
            label="Theme"
            value={theme}
            onChange={(event) => {
              const next = event.target.value as Theme
              keepTheme(next)
              setTheme(next)
            }}
          >
            <option value="system">As the system</option>
            <option value="light">Light</option>
            <option value="dark">Dark</option>
          </SelectField>
        </Card>
        <Card title="Access">
          {token ? (
            <div className="stack">
              <p>You are signed in with a token, until this tab is closed or reloaded.</p>
              <div>
                <Button onClick={() => session.signOut()}>Sign out</Button>
              </div>
            </div>
          ) : (
            <p>
              No token is in use. A platform on this computer asks for none; others send you to the
              sign-in page.
            </p>
          )}
        </Card>
        <Card title="Platform">
          {ready.isPending && <Skeleton rows={4} />}
          {ready.isError && <ProblemNotice error={ready.error} onRetry={ready.refetch} />}
          {ready.isSuccess && (
            <Facts
              items={[
                ['State', ready.data.status],
                ...ready.data.parts.map((part): [string, string] => [
                  part.name,
                  part.detail ? `${part.status}: ${part.detail}` : part.status,
                ]),
              ]}
            />
          )}
        </Card>
        <Card title="Interface for programs">
          <p>
            Everything that this page does is a call of the API, described in{' '}
            <a href={apiAddress('/openapi.json')}>its contract</a>.
          </p>
        </Card>
      </div>
    </Page>
  )
}
