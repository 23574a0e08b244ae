/** Nats - starts a nats-server for a cluster on one machine, from PATH and on a free port; it ends with this process. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { SettingsError } from "../../node/settings.ts";
import type { Say } from "./member.ts";

export interface Nats {
	readonly url: string;
	stop(): Promise<void>;
}
const NAME = "nats-server";
const NONE = `NATS_URL is not set, and there is no ${NAME} on PATH: give the URL of one, or install it`;
/** The shell reads to the end of its input, which comes however this process ends, and then stops the server. */
const SCRIPT = `command -v ${NAME} >/dev/null || exit 127; ${NAME} "$@" 2>&1 & cat >/dev/null; kill $!; wait $!`;

export async function startNats(say: Say): Promise<Nats> {
	const child = spawn("/bin/sh", ["-c", SCRIPT, NAME, "-a", "127.0.0.1", "-p", "-1"], {
		stdio: ["pipe", "pipe", "inherit"],
		detached: true,
	});
	const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
	let stopping = false;
	const url = await new Promise<string>((resolve, reject) => {
		void closed.then((code) => reject(new SettingsError(code === 127 ? NONE : `${NAME} did not start (${code})`)));
		createInterface({ input: child.stdout }).on("line", (line) => {
			const port = /Listening for client connections on \S+:(\d+)/.exec(line)?.[1];
			if (port !== undefined) resolve(`nats://127.0.0.1:${port}`);
			if (/\[(ERR|FTL)\]/.test(line)) say("nats", line);
			if (!stopping && /Server Exiting/.test(line)) say("nats", "ended by itself");
		});
	});
	return {
		url,
		stop: async () => {
			stopping = true;
			child.stdin.end();
			await closed;
		},
	};
}
