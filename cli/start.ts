/** npm start - runs the services of this node until SIGTERM or Ctrl-C, and finishes the work in progress. */
import { parseArgs } from "node:util";
import type { Service } from "moleculer";
import { GRACE } from "../moleculer.config.ts";
import { ENVIRONMENT } from "../node/settings/environment.ts";
import { complaintOf } from "../node/failure.ts";
import { fileSettingOf, SECRETS } from "../node/settings/secrets.ts";
import { start } from "../node/start.ts";
import { stopOnSignals } from "../node/stopping.ts";
import { guardOutput, tell as print } from "./common/output.ts";

const USAGE = `Usage: npm start

Runs the services of this node until SIGTERM or Ctrl-C, and finishes the work in progress. Its settings come from the environment;
${SECRETS.join(", ")} also from files, e.g. ${fileSettingOf(SECRETS[0] ?? "")}:

${Object.entries(ENVIRONMENT)
	.map(([name, { means }]) => `  ${name.padEnd(14)}${means.replaceAll("`", "")}`)
	.join("\n")}`;

/** New files are for their owner only. */
const PRIVATE = 0o077;

async function main(): Promise<void> {
	guardOutput();
	if (parseArgs({ options: { help: { type: "boolean", short: "h" } } }).values.help) return print(USAGE);
	process.umask(PRIVATE); // also for files that Node.js writes by itself, such as diagnostic reports
	const { url, metricsUrl, broker, invite, stop } = await start();
	stopOnSignals(stop, GRACE); // before the first line that says that it runs
	console.log(url ? `Vigie listens on ${url}` : `Vigie runs ${broker.services.map(({ name }: Service) => name).join(", ")}`);
	if (metricsUrl) console.log(`Its metrics: ${metricsUrl}`);
	const token = await invite();
	if (token !== null) console.log(invitation(url, token));
}

/** A command that makes the first administrator; the person fills in the rest. */
const invitation = (url: string, token: string): string =>
	`There is no administrator yet. This command makes the first one, once, until this node stops; fill in the person:
  curl ${url}/first-administrator -H 'content-type: application/json' \\
    -d '{"token":"${token}","login":"","name":"","email":"","password":""}'`;

if (import.meta.main)
	await main().catch((error: unknown) => {
		console.error(complaintOf(error));
		process.exit(1);
	});
