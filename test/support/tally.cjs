/** The last line of a run: what passed, failed and was skipped, all suites together. */
module.exports = class Tally {
	onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }) {
		const broken = testResults.filter((suite) => suite.testExecError).length; // a suite that did not even load has failed
		process.stdout.write(`${numPassedTests} passed, ${numFailedTests + broken} failed, ${numPendingTests + numTodoTests} skipped\n`);
	}
};
