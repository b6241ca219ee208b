import { useState } from 'react'
import { Button } from './button'
import { ScrollFrame } from './scroll-frame'

/** Code to take along. */
export function CopyBlock({ code, label }: { code: string; label: string }) {
  const [isCopied, setCopied] = useState(false)
  async function copy() {
    await navigator.clipboard.writeText(code)
    setCopied(true)
    setTimeout(() => setCopied(false), 2000)
  }
  return (
    <div className="copy">
      <ScrollFrame label={label}>
        <pre>
          <code>{code}</code>
        </pre>
      </ScrollFrame>
      <Button small onClick={copy}>
        {isCopied ? 'Copied' : 'Copy'}
      </Button>
    </div>
  )
}
