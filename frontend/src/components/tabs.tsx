import { Link, type LinkProps } from '@tanstack/react-router'

/** Parts of a page as links: each has an address, and the back button works. */
export function Tabs({
  label,
  items,
  current,
}: {
  label: string
  items: { key: string; title: string; link: LinkProps }[]
  current: string
}) {
  return (
    <nav className="tabs" aria-label={label}>
      {items.map((item) => (
        <Link
          key={item.key}
          {...item.link}
          aria-current={item.key === current ? 'page' : undefined}
        >
          {item.title}
        </Link>
      ))}
    </nav>
  )
}
