/** The last line of a run: what passed, failed and was skipped, all suites together; said when everybody else is done. */
const { writeSync } = require("node:fs");
module.exports = class Tally {
	onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }) {
		const broken = testResults.filter((suite) => suite.testExecError).length; // a suite that did not even load has failed
		const line = `${numPassedTests} passed, ${numFailedTests + broken} failed, ${numPendingTests + numTodoTests} skipped\n`;
		process.once("exit", () => writeSync(1, line));
	}
};
