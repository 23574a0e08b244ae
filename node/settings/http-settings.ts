/** HTTP settings - how clients reach the servers of a node: its address, its certificate, and its further names. */
import { isIPv6 } from "node:net";
import { resolve } from "node:path";
import { type CertificateFiles, certificateProblems } from "../../mixins/http/server/certificate.ts";
import { isLoopback } from "../../mixins/http/server/edge.ts";
import { ENVIRONMENT } from "./environment.ts";

export interface HttpSettings {
	/** The address that the gateway and the metrics listen on. */
	readonly host: string;
	/** The certificate of the gateway and the metrics; undefined for plain HTTP. */
	readonly tls: CertificateFiles | undefined;
	/** Whether a proxy in front encrypts what clients send. */
	readonly behindProxy: boolean;
	/** Further host names of the gateway. */
	readonly allowedHosts: readonly string[];
	/** Origins of pages that may use the gateway from other sites. */
	readonly corsOrigins: readonly string[];
}

export function httpSettingsIn(env: NodeJS.ProcessEnv, complaints: string[]): HttpSettings {
	return {
		host: env["HOST"] || ENVIRONMENT.HOST.default,
		tls: tlsIn(env, complaints),
		behindProxy: behindProxyIn(env, complaints),
		allowedHosts: hostsIn(env, complaints),
		corsOrigins: originsIn(env, complaints),
	};
}

/** Refuses an address that other machines reach if what they send is not encrypted. */
export function openProblems({ host, tls, behindProxy }: HttpSettings): string[] {
	if (isLoopback(host.toLowerCase()) || tls !== undefined || behindProxy) return [];
	const remedy = "set TLS_CERT and TLS_KEY, or BEHIND_PROXY=on if a proxy in front encrypts what clients send";
	return [`HOST is "${host}", which other machines can reach: ${remedy}`];
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
	["on", true],
	["true", true],
	["1", true],
	["off", false],
	["false", false],
	["0", false],
]);
function behindProxyIn({ BEHIND_PROXY }: NodeJS.ProcessEnv, complaints: string[]): boolean {
	const text = BEHIND_PROXY || ENVIRONMENT.BEHIND_PROXY.default;
	const value = SWITCH.get(text.toLowerCase());
	if (value === undefined) complaints.push(`BEHIND_PROXY is "${text}": it has to be on or off`);
	return value ?? false;
}

const listIn = (text = ""): string[] => text.split(",").flatMap((name) => name.trim() || []);

function tlsIn({ TLS_CERT, TLS_KEY }: NodeJS.ProcessEnv, complaints: string[]): CertificateFiles | undefined {
	complaints.push(...certificateProblems({ cert: TLS_CERT || undefined, key: TLS_KEY || undefined }));
	return TLS_CERT && TLS_KEY ? { cert: resolve(TLS_CERT), key: resolve(TLS_KEY) } : undefined;
}

function hostsIn({ ALLOWED_HOSTS }: NodeJS.ProcessEnv, complaints: string[]): string[] {
	const names = listIn(ALLOWED_HOSTS);
	for (const name of names)
		if (!/^[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$/i.test(name) || (name.includes(":") && !isIPv6(name)))
			complaints.push(`ALLOWED_HOSTS names "${name}": it has to be host names or addresses, without ports, separated by commas`);
	return names;
}

function originsIn({ CORS_ORIGINS }: NodeJS.ProcessEnv, complaints: string[]): string[] {
	const origins = listIn(CORS_ORIGINS);
	for (const origin of origins)
		if (!isOrigin(origin))
			complaints.push(
				`CORS_ORIGINS names "${origin}": it has to be exact origins, such as https://app.example.org or http://localhost:5173, separated by commas`,
			);
	return origins;
}
/** As browsers write it. Without encryption, only pages of the same machine: anyone on the way can change the others. */
function isOrigin(text: string): boolean {
	const { origin = "", protocol = "", hostname = "" } = URL.parse(text) ?? {};
	return (
		origin === text &&
		!text.includes("*") &&
		(protocol === "https:" || (protocol === "http:" && isLoopback(hostname.replace(/^\[|\]$/g, ""))))
	);
}
