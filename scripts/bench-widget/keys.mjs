// A server full of keys.

/** How many scopes the workspace shall have: as many as it can. */
const SCOPES = 256

/** How many requests are under way at a time: the server writes them to disk together. */
const AT_ONCE = 64

/** One customer for each of `sizes`, with that many keys; a link token for each, and the name of its newest key. */
export async function fillServer({ url, demo }, sizes) {
  const call = async (path, body) => {
    const answer = await fetch(`${url}/api/v1/${path}`, {
      method: body ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${demo.sdkKey}`, 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
    })
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
    return answer.json()
  }
  const { workspaceId } = demo
  const scope = (at) =>
    call(`workspace/${workspaceId}/scope`, { name: `Scope ${at}`, representation: `bench:scope-${at}` })
  const added = SCOPES - (await call(`workspace/${workspaceId}/scopes`)).scopes.length
  await each(added, scope)

  const filled = {}
  for (const size of sizes) {
    const customerId = `bench-${size}`
    const key = (at) =>
      call('api-key', {
        name: `service ${at} ${['deploy', 'import', 'report', 'backup'][at % 4]}`,
        workspaceId,
        customerId,
        enabled: true,
        scopes: [{ representation: `bench:scope-${at % added}`, create: false, read: true, update: false, del: false }],
      })
    await each(size, key)
    const newest = `the newest of ${size}`
    await call('api-key', { name: newest, workspaceId, customerId, enabled: true, scopes: [] })
    const { token } = await call('link-token', { workspaceId, customerId })
    filled[size] = { token, newest }
  }
  return filled
}

async function each(count, work) {
  let next = 0
  const worker = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, worker))
}
