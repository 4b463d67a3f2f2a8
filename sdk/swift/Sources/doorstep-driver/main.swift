// Driver for the scenarios in sdk/scenarios: one client, controlled by JSON lines on the standard input.

import Foundation

let driver = Driver()
while let line = readLine() {
    Task { await driver.answer(line) }
}
exit(0)
