import { apiBase } from '@/api/client'
import type { Cell } from '@/api/types'
import { CopyBlock } from '@/components/copy-block'
import { Card } from '@/components/page'

/** The same question as programs ask it. */
export function Snippets({ jobId, row }: { jobId: string; row: Record<string, Cell> }) {
  const address = new URL(`${apiBase()}/predict/${jobId}`, location.href).href
  const body = JSON.stringify({ features: row }, null, 2)
  const shell = body.replaceAll("'", "'\\''")
  const python = JSON.stringify(row, null, 4)
    .replace(/: null/g, ': None')
    .replace(/: true/g, ': True')
    .replace(/: false/g, ': False')
  return (
    <div className="stack" style={{ gap: 20 }}>
      <Card title="curl">
        <CopyBlock
          label="curl command"
          code={`curl -X POST '${address}' \\\n  -H 'Content-Type: application/json' \\\n  -d '${shell}'`}
        />
      </Card>
      <Card title="Python">
        <CopyBlock
          label="Python code"
          code={`import json, urllib.request\n\nrow = ${python}\nrequest = urllib.request.Request(\n    "${address}",\n    json.dumps({"features": row}).encode(),\n    {"Content-Type": "application/json"},\n)\nprint(json.load(urllib.request.urlopen(request)))`}
        />
      </Card>
      <Card title="JavaScript">
        <CopyBlock
          label="JavaScript code"
          code={`const answer = await fetch('${address}', {\n  method: 'POST',\n  headers: { 'Content-Type': 'application/json' },\n  body: JSON.stringify(${body}),\n})\nconsole.log(await answer.json())`}
        />
      </Card>
      <p className="muted small">
        Up to 10,000 rows at once: send <code>{'{"rows": […]}'}</code> instead. A platform that asks
        for a token wants it as <code>Authorization: Bearer …</code>.
      </p>
    </div>
  )
}
