/* The widget as a guest: it changes nothing of the page, and nothing of the page changes it. */
import { expect, test } from './fixtures.js'
import { openHostPage, sheet } from './host-page.js'
import { Widget } from './widget.js'

/** One of each kind that resets and frameworks like to touch. */
const ELEMENTS = `
  <h1>h1</h1><h2>h2</h2><h3>h3</h3><p>p <a href="#">a</a> <strong>strong</strong> <em>em</em> <code>code</code></p>
  <ul><li>li</li></ul><ol><li>li</li></ol><dl><dt>dt</dt><dd>dd</dd></dl><blockquote>q</blockquote><pre>pre</pre><hr />
  <table><caption>c</caption><tr><th>th</th><td>td</td></tr></table>
  <form><fieldset><legend>legend</legend><label>label</label><input /><textarea></textarea><select></select></fieldset>
  <button>button</button></form><details><summary>summary</summary></details><dialog open>dialog</dialog>`

test('computed styles of the page’s own elements stay as they were', async ({ page, demo }) => {
  // The widget has a place of fixed height, so that nothing moves because of its content.
  const body = `<main>${ELEMENTS}</main><div id="place"></div>`
  await openHostPage(page, demo, {
    body,
    styles: ['#place { height: 700px; overflow: auto; contain: strict }'],
  })
  const styles = () =>
    page.evaluate(() =>
      ['html', 'body', ...document.querySelectorAll('main *')].map((target) => {
        const element = typeof target === 'string' ? document.querySelector(target) : target
        if (!element) throw new Error('the page lost an element')
        const computed = (pseudo?: string) => {
          const style = getComputedStyle(element, pseudo)
          return [...style].map((name) => `${name}: ${style.getPropertyValue(name)}`)
        }
        return [element.localName, ...computed(), ...computed('::before')].join('\n')
      }),
    )
  const before = await styles()
  expect(before.length).toBeGreaterThan(20)

  await page.evaluate(() => {
    const keys = Object.assign(document.createElement('oneloop-keys'), {
      id: 'keys',
      getToken: async () => (await fetch('/demo/session', { method: 'POST' })).json(),
    })
    document.querySelector('#place')?.append(keys)
  })
  const widget = new Widget(page, page.locator('oneloop-keys#keys'))
  await widget.loaded()
  expect(await styles()).toEqual(before)
  await widget.create({ name: 'a guest' })
  expect(await styles()).toEqual(before)
})

test('no global, no storage, no history entry and no cookie is left', async ({ page, demo, context }) => {
  await openHostPage(page, demo, { body: '<div class="host" id="place"></div>' })
  const traces = () =>
    page.evaluate(() => ({
      globals: Object.getOwnPropertyNames(window).sort(),
      prototypes: [Element, HTMLElement, Node, Event, Array, Object, String, Promise].map(
        (type) => Object.getOwnPropertyNames(type.prototype).length,
      ),
      stored: [localStorage.length, sessionStorage.length],
      history: [history.length, location.href, history.state],
      head: document.head.innerHTML,
      root: document.documentElement.getAttributeNames(),
      body: document.body.getAttributeNames(),
      title: document.title,
    }))
  await page.waitForFunction(() => customElements.get('oneloop-keys'))
  const before = await traces()
  await page.evaluate(() => {
    const getToken = async () => (await fetch('/demo/session', { method: 'POST' })).json()
    document.querySelector('#place')?.append(Object.assign(document.createElement('oneloop-keys'), { id: 'keys', getToken }))
  })
  const widget = new Widget(page, page.locator('oneloop-keys#keys'))
  await widget.loaded()
  await widget.create({ name: 'traceless' })
  await widget.delete('traceless')
  expect(await traces()).toEqual(before)
  expect(await context.cookies()).toEqual([])
})

const HOSTS: Readonly<Record<string, readonly string[]>> = {
  'Tailwind’s preflight': [sheet('tailwindcss/preflight.css')],
  Bootstrap: [sheet('bootstrap/dist/css/bootstrap.min.css')],
  'Radix Themes': [sheet('@radix-ui/themes/styles.css')],
  'a reset of everything': ['* { all: unset }', 'html, body, div { display: block } head, head * { display: none }'],
  'rules for every element': [
    `* { letter-spacing: 3px; text-transform: uppercase; text-align: center; font-style: italic; text-indent: 2em;
         word-spacing: 1em; white-space: pre; line-height: 3; font-weight: 900; font-variant: small-caps; hyphens: auto;
         text-shadow: 1px 1px red; cursor: crosshair; list-style: square; border-collapse: separate; word-break: break-all;
         margin: 20px; padding: 20px; border: 3px solid red; float: left; position: relative; transition: all 2s }
     html, body, .host { all: initial; display: block } head, head * { display: none }
     oneloop-keys { margin: 0; padding: 0; border: 0; float: none }`,
    'table, button, input, dialog, h2, label, fieldset { background: red !important; color: lime !important }',
  ],
}

/** The widget’s own pixels, in two of its views. */
async function pictures(widget: Widget): Promise<Buffer[]> {
  await widget.loaded()
  await widget.page.evaluate(() => document.fonts.ready)
  const list = await widget.root.locator('[part~="root"]').screenshot({ animations: 'disabled' })
  await widget.createButton.click()
  const form = widget.dialog('Create API key')
  await expect(form).toBeVisible()
  const dialog = await form.screenshot({ animations: 'disabled', caret: 'hide' })
  return [list, dialog]
}

test.describe('the widget looks the same', () => {
  for (const [name, styles] of Object.entries(HOSTS)) {
    test(`on a page with ${name}`, async ({ page, demo }) => {
      // The key list says "2 minutes ago": time stands still.
      await page.clock.setFixedTime(new Date())
      const plain = await pictures(await openHostPage(page, demo))
      await page.unrouteAll()
      const dressed = await pictures(await openHostPage(page, demo, { styles }))
      for (const [at, picture] of plain.entries()) {
        expect(dressed[at]?.equals(picture), `picture ${at} differs`).toBe(true)
      }
    })
  }

  test('and the comparison sees a difference', async ({ page, demo }) => {
    await page.clock.setFixedTime(new Date())
    const plain = await pictures(await openHostPage(page, demo))
    await page.unrouteAll()
    const dressed = await pictures(await openHostPage(page, demo, { styles: ['oneloop-keys { --oneloop-radius: 3px }'] }))
    expect(dressed[1]?.equals(plain[1] ?? Buffer.of())).toBe(false)
  })
})

test('two widgets with the tokens of two customers keep apart', async ({ page, demo }) => {
  const tokens: Record<string, string> = {}
  for (const [id, customerId] of Object.entries({ first: demo.customerId, second: 'another-customer' })) {
    const { token } = await demo.oneloop.generateLinkToken({ workspaceId: demo.workspaceId, customerId })
    tokens[id] = token
  }
  await demo.oneloop.createApiKey({
    name: 'theirs alone',
    workspaceId: demo.workspaceId,
    customerId: 'another-customer',
    enabled: true,
    scopes: [],
  })
  const element = (id: string) => `<oneloop-keys id="${id}"></oneloop-keys>`
  await openHostPage(page, demo, {
    body: `<div class="host">${element('first')}${element('second')}</div>`,
    before: `const tokens = ${JSON.stringify(tokens)}
      for (const id in tokens) document.getElementById(id).getToken = async () => tokens[id]\n`,
  })
  const first = new Widget(page, page.locator('#first'))
  const second = new Widget(page, page.locator('#second'))
  await first.loaded()
  await second.loaded()
  await expect(second.row('theirs alone')).toBeVisible()
  await expect(first.row('theirs alone')).toHaveCount(0)
  await expect(second.rows).toHaveCount(1)

  await second.create({ name: 'made by the second' })
  await expect(second.rows).toHaveCount(2)
  await expect(first.row('made by the second')).toHaveCount(0)
  await first.act('ci-deploy', 'Disable')
  await expect(first.row('ci-deploy')).toContainText('Disabled')
  await second.delete('theirs alone')
  await expect(second.rows).toHaveCount(1)
})

/* Chromium keeps radio buttons of a shadow root that belong to no form, and with them all that they stood in. */
test('a reveal that is over leaves none of its nodes behind', async ({ page, widget }) => {
  const cdp = await page.context().newCDPSession(page)
  const nodes = async () => {
    await cdp.send('HeapProfiler.collectGarbage')
    return (await cdp.send('Memory.getDOMCounters')).nodes
  }
  const createAndDelete = async (times: number) => {
    for (let time = 0; time < times; time += 1) {
      await widget.create({ name: `short-lived ${time}` })
      await widget.delete(`short-lived ${time}`)
    }
  }
  await createAndDelete(1)
  const before = await nodes()
  await createAndDelete(4)
  // One reveal is some hundred nodes.
  expect((await nodes()) - before).toBeLessThan(80)
})

test('removed and put back many times, it leaves nothing behind', async ({ page, demo }) => {
  const widget = await openHostPage(page, demo)
  await widget.loaded()
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Performance.enable')
  const kept = async () => {
    await cdp.send('HeapProfiler.collectGarbage')
    const { metrics } = await cdp.send('Performance.getMetrics')
    const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0
    return { nodes: value('Nodes'), listeners: value('JSEventListeners'), documents: value('Documents') }
  }
  const again = async (times: number) => {
    for (let time = 0; time < times; time += 1) {
      await page.evaluate(async () => {
        const element = document.querySelector('oneloop-keys')
        const place = element?.parentElement
        element?.remove()
        await new Promise((resolve) => setTimeout(resolve))
        if (element) place?.append(element)
      })
      await widget.loaded()
    }
  }
  await again(3)
  const before = await kept()
  await again(10)
  const after = await kept()
  expect(after.listeners).toBeLessThanOrEqual(before.listeners)
  // What the browser itself keeps of a page moves by a few nodes.
  expect(after.nodes).toBeLessThan(before.nodes * 1.1)
  await expect(widget.root.getByRole('heading', { name: 'API keys', exact: true })).toHaveCount(1)
})
