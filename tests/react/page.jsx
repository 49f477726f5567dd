// The published widget on a page of its own, as its README shows it, but for where the server is.
import { PandaClient } from '@oneloop-hq/react/dist/PandaClient.js'
import { OneloopApiKeyManager } from '@oneloop-hq/react'
import { createRoot } from 'react-dom/client'

PandaClient.defaults.baseURL = window.oneloop.server
createRoot(document.getElementById('root')).render(
  <OneloopApiKeyManager token={window.oneloop.token} title="API keys" description="For machines" />,
)
