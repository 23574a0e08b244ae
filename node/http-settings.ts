/** HTTP settings - how clients reach the servers of a node: its address, its certificate, and its further names. */
import { isIPv6 } from "node:net";
import { resolve } from "node:path";
import { type CertificateFiles, certificateProblems } from "../mixins/http/server/certificate.ts";
import { ENVIRONMENT } from "./environment.ts";

export interface HttpSettings {
	/** The address that the gateway and the metrics listen on. */
	readonly host: string;
	/** The certificate of the gateway and the metrics; undefined for plain HTTP. */
	readonly tls: CertificateFiles | undefined;
	/** Further host names of the gateway. */
	readonly allowedHosts: readonly string[];
}

export function httpSettingsIn(env: NodeJS.ProcessEnv, complaints: string[]): HttpSettings {
	return { host: env["HOST"] || ENVIRONMENT.HOST.default, tls: tlsIn(env, complaints), allowedHosts: hostsIn(env, complaints) };
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
