import { type ReactNode, useEffect, useRef } from 'react'
import { Button } from './button'

interface Props {
  title: string
  isOpen: boolean
  onClose: () => void
  children: ReactNode
  /** `drawer`: at the edge of the window, as high as it. */
  kind?: 'dialog' | 'drawer'
}

/** The browser's own modal dialog: focus, Escape and the rest of the page are its business. */
export function Dialog({ title, isOpen, onClose, children, kind = 'dialog' }: Props) {
  const ref = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    const dialog = ref.current
    if (!dialog) return
    if (isOpen && !dialog.open) dialog.showModal()
    if (!isOpen && dialog.open) dialog.close()
  }, [isOpen])
  return (
    <dialog
      ref={ref}
      className={kind === 'drawer' ? 'dialog drawer' : 'dialog'}
      aria-label={title}
      onClose={onClose}
    >
      {isOpen && (
        <div className="stack">
          <div className="row row-spread">
            <h2>{title}</h2>
            <Button look="quiet" small onClick={onClose}>
              Close
            </Button>
          </div>
          {children}
        </div>
      )}
    </dialog>
  )
}

/** Ask before something that cannot be undone. */
export function Confirm({
  title,
  isOpen,
  onClose,
  onConfirm,
  action,
  isBusy = false,
  children,
}: Omit<Props, 'kind'> & { onConfirm: () => void; action: string; isBusy?: boolean }) {
  return (
    <Dialog title={title} isOpen={isOpen} onClose={onClose}>
      <div>{children}</div>
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button onClick={onClose}>Keep it</Button>
        <Button look="danger" onClick={onConfirm} disabled={isBusy}>
          {action}
        </Button>
      </div>
    </Dialog>
  )
}
