/* The three requests that a visitor can send to Acme's API. */

/** What a request demands of the key: one scope, one kind of access. */
export interface Needs {
  readonly representation: string
  readonly access: string
}

/** One request. */
export interface ApiRequest {
  readonly name: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly needs: Needs
}

/** By the value of the radio button that stands for it. */
export const requests = {
  'list-deployments': {
    name: 'List deployments',
    method: 'GET',
    path: '/demo/api/deployments',
    needs: { representation: 'deployments', access: 'read' },
  },
  'start-deployment': {
    name: 'Start a deployment',
    method: 'POST',
    path: '/demo/api/deployments',
    needs: { representation: 'deployments', access: 'create' },
  },
  'read-metrics': {
    name: 'Read metrics',
    method: 'GET',
    path: '/demo/api/metrics',
    needs: { representation: 'metrics', access: 'read' },
  },
} as const satisfies Record<string, ApiRequest>
