/** Tally - prints the last line of a run, after all suites: the numbers of passed, failed and skipped tests. */
const { writeSync } = require("node:fs");
module.exports = class Tally {
	onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }) {
		const broken = testResults.filter((suite) => suite.testExecError).length; // a suite that does not load counts as failed
		const line = `${numPassedTests} passed, ${numFailedTests + broken} failed, ${numPendingTests + numTodoTests} skipped\n`;
		process.once("exit", () => writeSync(1, line));
	}
};
