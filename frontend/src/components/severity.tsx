import type { JobStatus } from '@/api/types'

const JOB: Record<JobStatus['status'], { tone: string; word: string }> = {
  pending: { tone: '', word: 'waiting for its turn' },
  running: { tone: 'chip-warn', word: 'running' },
  waiting: { tone: 'chip-warn', word: 'waits for your answer' },
  completed: { tone: 'chip-good', word: 'completed' },
  failed: { tone: 'chip-bad', word: 'failed' },
  cancelled: { tone: '', word: 'cancelled' },
}

export function StatusChip({ status }: { status: JobStatus['status'] }) {
  const { tone, word } = JOB[status]
  return <span className={`chip ${tone}`}>{word}</span>
}

const TONES = { high: 'chip-bad', medium: 'chip-warn', low: '', info: '' } as const

export function SeverityChip({ severity }: { severity: keyof typeof TONES }) {
  return <span className={`chip ${TONES[severity]}`}>{severity}</span>
}
