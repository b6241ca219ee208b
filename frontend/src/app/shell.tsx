import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { Mark } from '@/components/mark'
import { paths } from '@/config/paths'

const PAGES = [
  { title: 'Data sets', to: paths.home, owns: ['/datasets'] },
  { title: 'Jobs', to: paths.jobs, owns: ['/jobs', '/compare'] },
  { title: 'Models', to: paths.models, owns: ['/models'] },
  { title: 'Settings', to: paths.settings, owns: ['/settings', '/sign-in'] },
] as const

export function Shell() {
  const pathname = useRouterState({ select: (state) => state.location.pathname })
  return (
    <>
      <a className="skip-link" href="#content">
        Skip to the content
      </a>
      <header className="header">
        <div className="header-inner">
          <Link to={paths.home} className="brand">
            <Mark />
            AutoML Lite
          </Link>
          <nav className="nav" aria-label="Pages">
            {PAGES.map(({ title, to, owns }) => {
              const isHere = pathname === to || owns.some((prefix) => pathname.startsWith(prefix))
              return (
                <Link key={to} to={to} aria-current={isHere ? 'page' : undefined}>
                  {title}
                </Link>
              )
            })}
          </nav>
        </div>
      </header>
      <main className="main" id="content">
        <Outlet />
      </main>
    </>
  )
}
