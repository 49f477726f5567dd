/*
 * "Try your key": sends one request to Acme's API with the pasted key, and shows what came back.
 *
 * The key lives in the input field and in the request header, nowhere else: not in the answer, not in the history,
 * not in a URL.
 */
import { requests, type ApiRequest, type Needs } from './requests.js'
import { describe, shapeOf, type Verdict } from './verdicts.js'

/** The elements the panel is made of. */
export interface TryPanel {
  readonly form: HTMLFormElement
  readonly key: HTMLInputElement
  readonly answer: HTMLElement
  readonly history: HTMLElement
  readonly steps: HTMLElement
}

/** What Acme's API says about the key, in the body of every answer. */
interface ApiAnswer {
  readonly verdict: Verdict
  readonly needs?: Needs
  readonly data?: unknown
}

/** One finished request, as the panel remembers it. */
interface Outcome {
  readonly at: Date
  readonly request: ApiRequest
  readonly status: number
  readonly answer: ApiAnswer
}

/** How many earlier answers stay on the page. */
const REMEMBERED = 5

/** Makes the panel work. */
export function startTryPanel(panel: TryPanel): void {
  let latest: Outcome | null = null
  let asked = 0

  panel.form.addEventListener('submit', async (event) => {
    event.preventDefault()
    const request = requests[new FormData(panel.form).get('request') as keyof typeof requests]
    const key = panel.key.value.trim()
    if (key === '') {
      showProblem(panel, 'Paste a key first.')
      panel.key.focus()
      return
    }

    asked += 1
    const turn = asked
    try {
      const outcome = await send(request, key)
      // A second click overtook this one: its answer is the one to show.
      if (turn !== asked) return
      if (latest) remember(panel, latest)
      latest = outcome
      show(panel, outcome)
      tick(panel, outcome.answer.verdict)
    } catch (problem) {
      if (turn === asked) showProblem(panel, problem instanceof Error ? problem.message : String(problem))
    }
  })
}

/** Sends `request` with `key`; fails with a sentence for a person when there is no answer to show. */
async function send(request: ApiRequest, key: string): Promise<Outcome> {
  // A header cannot carry these, and fetch would say so in words nobody understands.
  if (!/^[\x21-\x7e]+$/.test(key)) throw new Error('That is not a key: keys have no spaces and only plain letters.')

  let response: Response
  try {
    response = await fetch(request.path, {
      method: request.method,
      headers: { Authorization: `Bearer ${key}` },
      cache: 'no-store',
    })
  } catch {
    throw new Error('No answer. Is the server still running?')
  }
  const answer = (await response.json().catch(() => null)) as ApiAnswer | null
  if (typeof answer?.verdict !== 'string') throw new Error(`An answer without a verdict (HTTP ${response.status}).`)
  return { at: new Date(), request, status: response.status, answer }
}

function show(panel: TryPanel, outcome: Outcome): void {
  const { answer, request, status } = outcome
  const line = create('p', 'answer__line', verdictBadge(answer.verdict), create('span', 'answer__status', `HTTP ${status}`))
  const sentence = create('p', 'answer__sentence', describe(answer.verdict, answer.needs ?? request.needs))
  panel.answer.replaceChildren(line, sentence)
  if (answer.data !== undefined) {
    const data = create('pre', 'answer__data', JSON.stringify(answer.data, null, 2))
    // It scrolls when it is long, so the keyboard must be able to get there.
    data.tabIndex = 0
    data.role = 'group'
    data.ariaLabel = 'Data'
    panel.answer.append(data)
  }
  panel.answer.dataset['tone'] = answer.verdict === 'VALID' ? 'good' : 'bad'
}

function showProblem(panel: TryPanel, sentence: string): void {
  panel.answer.replaceChildren(create('p', 'answer__sentence', sentence))
  delete panel.answer.dataset['tone']
}

function remember(panel: TryPanel, { at, request, answer }: Outcome): void {
  const time = create('time', '', at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }))
  time.dateTime = at.toISOString()
  const list = panel.history.querySelector('ol')
  list?.prepend(create('li', '', time, create('span', 'history__name', request.name), verdictBadge(answer.verdict)))
  while (list && list.childElementCount > REMEMBERED) list.lastElementChild?.remove()
  panel.history.hidden = false
}

/** Marks the step whose verdict has now been seen. */
function tick(panel: TryPanel, verdict: Verdict): void {
  const step = panel.steps.querySelector<HTMLElement>(`[data-verdict="${CSS.escape(verdict)}"]`)
  if (!step || 'seen' in step.dataset) return
  step.dataset['seen'] = ''
  step.append(create('span', 'hidden', '(seen)'))
}

/** The verdict as a word and a shape, so that colour is never the only sign. */
function verdictBadge(verdict: Verdict): HTMLElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  svg.setAttribute('aria-hidden', 'true')
  const use = document.createElementNS('http://www.w3.org/2000/svg', 'use')
  use.setAttribute('href', `#shape-${shapeOf(verdict)}`)
  svg.append(use)
  const badge = create('span', 'verdict', svg, verdict)
  badge.dataset['verdict'] = verdict
  return badge
}

function create<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag)
  if (className) made.className = className
  made.append(...children)
  return made
}
