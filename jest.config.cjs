module.exports = {
	testEnvironment: "node",
	testMatch: ["<rootDir>/test/**/*.spec.ts"],
	extensionsToTreatAsEsm: [".ts"],
	transform: { "\\.ts$": "<rootDir>/test/support/strip-types.cjs" },
	reporters: ["default", "<rootDir>/test/support/tally.cjs"],
	testTimeout: 180_000, // for a busy machine; a hung test takes as long
	maxWorkers: 2, // many suites wait for other processes: two at a time take half the time, more would starve a small machine
};
