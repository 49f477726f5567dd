// The shell blocks of a Markdown document.

const SHELLS = ['bash', 'console', 'sh', 'shell', 'zsh']

/**
 * Every fenced shell block: the line it starts in, its text, and its fate, which stands behind the language: `run`,
 * `shown` (with a reason), or `unmarked`.
 */
export function blocksOf(markdown) {
  const blocks = []
  let open
  for (const [index, line] of markdown.split('\n').entries()) {
    const fence = /^\s*(`{3,})(.*)$/.exec(line)
    if (open && fence?.[1].length >= open.fence && fence[2].trim() === '') {
      if (SHELLS.includes(open.language)) blocks.push(block(open))
      open = undefined
    } else if (open) {
      open.lines.push(line)
    } else if (fence) {
      const [, language, mark] = /^\s*(\S*)\s*(.*)$/.exec(fence[2])
      open = { fence: fence[1].length, language, mark: mark.trim(), line: index + 1, lines: [] }
    }
  }
  return blocks
}

function block({ mark, line, lines }) {
  const shown = /^shown: ./.test(mark)
  return { line, text: lines.join('\n'), fate: mark === 'run' ? 'run' : shown ? 'shown' : 'unmarked' }
}
