import '@fontsource-variable/hanken-grotesk/wght.css'
import '@fontsource/ibm-plex-mono/latin-400.css'
import './styles/tokens.css'
import './styles/base.css'
import './styles/components.css'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { loadSite } from '@/api/client'
import { App } from '@/app/app'

await loadSite()
const root = document.getElementById('root')
if (!root) throw new Error('The page lacks its root element.')
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
