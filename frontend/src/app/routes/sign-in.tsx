import { useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { apiAddress, session } from '@/api/client'
import { Button } from '@/components/button'
import { TextField } from '@/components/fields'
import { Card, Page } from '@/components/page'
import { paths } from '@/config/paths'

const route = getRouteApi(paths.signIn)

export function SignInPage() {
  const { return_to } = route.useSearch()
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [token, setToken] = useState('')
  const [error, setError] = useState<string>()
  const [isBusy, setBusy] = useState(false)

  async function submit(event: FormEvent) {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      const response = await fetch(apiAddress('/datasets?limit=1'), {
        headers: { Authorization: `Bearer ${token.trim()}` },
      })
      if (response.status === 401 || response.status === 403) {
        setError('The platform does not know this token. Copy it again, whole.')
        return
      }
      session.signIn(token.trim())
      await queries.resetQueries()
      await navigate({ href: return_to ?? paths.home })
    } catch {
      setError('The platform did not answer. Is it running?')
    } finally {
      setBusy(false)
    }
  }

  return (
    <Page title="Sign in">
      <div style={{ maxWidth: 460 }}>
        <Card>
          <form className="stack" onSubmit={submit}>
            <TextField
              label="Token"
              type="password"
              autoComplete="current-password"
              required
              value={token}
              onChange={(event) => setToken(event.target.value)}
              hint="Whoever runs the platform has made it. It is kept until this tab is closed or reloaded, and nowhere else."
              error={error}
            />
            <div>
              <Button type="submit" look="primary" disabled={isBusy || !token.trim()}>
                Sign in
              </Button>
            </div>
          </form>
        </Card>
      </div>
    </Page>
  )
}
