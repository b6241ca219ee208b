import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react'

const Say = createContext<(text: string) => void>(() => {})

/** Say in passing that something was done. */
export function useToast(): (text: string) => void {
  return useContext(Say)
}

const SHOWN_MS = 5000

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<{ id: number; text: string }[]>([])
  const say = useCallback((text: string) => {
    const id = Date.now() + Math.random()
    setToasts((present) => [...present.slice(-2), { id, text }])
    setTimeout(() => setToasts((present) => present.filter((toast) => toast.id !== id)), SHOWN_MS)
  }, [])
  const list = useMemo(
    () =>
      toasts.map((toast) => (
        <div key={toast.id} className="toast">
          {toast.text}
        </div>
      )),
    [toasts],
  )
  return (
    <Say.Provider value={say}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {list}
      </div>
    </Say.Provider>
  )
}
