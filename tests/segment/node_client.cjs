// A user of npm @segment/analytics-node, as it is. Takes its orders from standard input: the settings of the client,
// and rounds of calls, after each of which it waits until the client says that all is delivered. Tells on standard
// output what the client said of each event, and of errors.
const { Analytics } = require('@segment/analytics-node')

async function main() {
  const { settings, rounds } = JSON.parse(require('fs').readFileSync(0, 'utf8'))
  const analytics = new Analytics(settings)
  const told = [], errors = [], statuses = []
  analytics.on('error', (error) => errors.push(String(error.reason ?? error.code)))
  analytics.on('http_response', ({ status }) => statuses.push(status))
  for (const calls of rounds) {
    for (const [name, event] of calls) {
      analytics[name](event, (error, context) => told.push([context.event.messageId, error ? String(error) : null]))
    }
    await analytics.flush({ timeout: 120000 })
  }
  await analytics.closeAndFlush({ timeout: 120000 })
  console.log(JSON.stringify({ told, errors, statuses }))
}

main()
