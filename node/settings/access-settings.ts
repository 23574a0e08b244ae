/** Access settings - limits of sessions, and the token for automation. Complaints never contain the token. */
import { digestOf } from "../../mixins/identity/tokens.ts";
import type { AccessSettings } from "../../mixins/identity/settings.ts";
import { ENVIRONMENT } from "./environment.ts";

const UNITS = { s: 1000, m: 60_000, h: 3_600_000 } as const;
const LONGEST = 30 * 24 * UNITS.h;

export function accessSettingsIn(env: NodeJS.ProcessEnv, complaints: string[]): AccessSettings {
	const idle = durationIn("SESSION_IDLE", env["SESSION_IDLE"] || ENVIRONMENT.SESSION_IDLE.default, complaints);
	const lifetime = durationIn("SESSION_LIFETIME", env["SESSION_LIFETIME"] || ENVIRONMENT.SESSION_LIFETIME.default, complaints);
	return { idle, lifetime, bootstrap: tokenIn(env["BOOTSTRAP_TOKEN"], complaints) };
}

function durationIn(name: string, text: string, complaints: string[]): number {
	const [, count = "", unit = ""] = /^(\d{1,7})(s|m|h)$/.exec(text) ?? [];
	const milliseconds = Number(count) * UNITS[unit === "s" || unit === "m" ? unit : "h"];
	if (unit !== "" && milliseconds > 0 && milliseconds <= LONGEST) return milliseconds;
	complaints.push(`${name} is "${text}": it has to be a number of seconds, minutes or hours, such as 90s, 15m or 8h, at most 720h`);
	return LONGEST;
}

function tokenIn(token: string | undefined, complaints: string[]): string | null {
	if (token === undefined || token === "") return null;
	if (/^[\x21-\x7e]{32,200}$/.test(token)) return digestOf(token);
	complaints.push("BOOTSTRAP_TOKEN has to have 32 to 200 visible characters, such as those of: openssl rand -base64 32");
	return null;
}
