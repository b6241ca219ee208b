import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

/** Where `automl up` listens; the development server passes `/api` and `/storage` on to it. */
const PLATFORM = process.env.AUTOML_API_URL ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [react()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  server: { port: 3000, proxy: { '/api': PLATFORM, '/storage': PLATFORM } },
  // No inlined files: the page's policy allows data from its own origin only.
  build: { manifest: true, assetsInlineLimit: 0, target: 'es2022' },
  test: { environment: 'jsdom', globals: false, include: ['src/**/*.test.{ts,tsx}'] },
})
