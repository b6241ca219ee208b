import { type ReactNode, useEffect, useRef } from 'react'

interface Props {
  title: string
  /** Shown above the title: where this page lies. */
  crumbs?: ReactNode
  lead?: ReactNode
  actions?: ReactNode
  children: ReactNode
}

/** A page: its title takes the focus, so that a reader's voice says where it has come to. */
export function Page({ title, crumbs, lead, actions, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    document.title = `${title} · AutoML Lite`
  }, [title])
  useEffect(() => {
    heading.current?.focus({ preventScroll: true })
  }, [])
  return (
    <>
      <header className="page-head">
        {crumbs && <div className="crumbs">{crumbs}</div>}
        <div className="row row-spread">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {actions && <div className="row">{actions}</div>}
        </div>
        {lead && <div className="muted">{lead}</div>}
      </header>
      {children}
    </>
  )
}

export function Card({
  title,
  aside,
  children,
  id,
}: {
  title?: ReactNode
  aside?: ReactNode
  children: ReactNode
  id?: string
}) {
  return (
    <section className="card" id={id}>
      {(title || aside) && (
        <div className="card-head">
          {title && <h2>{title}</h2>}
          {aside && <div className="small muted">{aside}</div>}
        </div>
      )}
      {children}
    </section>
  )
}

/** Names and values, as a list that is read in pairs. */
export function Facts({ items }: { items: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {items.map(([name, value]) => (
        <div key={name} style={{ display: 'contents' }}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

export function KeyFigure({ value, name }: { value: ReactNode; name: ReactNode }) {
  return (
    <div className="figure-key">
      <b>{value}</b>
      <span>{name}</span>
    </div>
  )
}
