import type { ReactNode } from 'react'

/** Holds what may be wider than the window; scrolls by keyboard too. */
export function ScrollFrame({
  label,
  maxHeight,
  children,
}: {
  label: string
  maxHeight?: number
  children: ReactNode
}) {
  return (
    <section
      className="table-wrap"
      aria-label={label}
      style={maxHeight ? { maxHeight, overflowY: 'auto' } : undefined}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
    >
      {children}
    </section>
  )
}
