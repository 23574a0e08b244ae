/** Settings - reads and checks the environment before anything starts; reports one line for each invalid value. */
import { createServer } from "node:net";
import { resolve } from "node:path";
import { publicKeyOf } from "../store/evidence/heads.ts";
import { type GivenKeys, privateKeyOf } from "../store/evidence/keys.ts";
import type { AccessSettings } from "../mixins/identity/settings.ts";
import type { RateSettings } from "../mixins/http/server/rates.ts";
import { type ClusterKeys, clusterKeysIn } from "../mixins/nats/cluster-keys.ts";
import { isInstallationId } from "../mixins/nats/installations.ts";
import { accessSettingsIn } from "./settings/access-settings.ts";
import { folderProblem } from "./data-folder.ts";
import { ENVIRONMENT } from "./settings/environment.ts";
import { type HttpSettings, httpSettingsIn, openProblems } from "./settings/http-settings.ts";
import { type MongoAccess, mongoAccessIn, mongoProblems } from "./settings/mongo-access.ts";
import { type NatsFiles, natsProblems } from "./settings/nats-access.ts";
import { type SealingSettings, sealingIn } from "./settings/sealing.ts";
import { withSecrets } from "./settings/secrets.ts";
import { type ServiceFile, serviceFiles, servicesByRole } from "./services.ts";

export interface Settings extends HttpSettings {
	/** The folder of the keys, and of the two files of the embedded store. */
	readonly dataDir: string;
	/** The NATS servers of a cluster; undefined for a single node. */
	readonly natsUrl: string | undefined;
	readonly natsFiles: NatsFiles;
	/** The keys of the cluster; undefined for a single node. */
	readonly clusterKeys: ClusterKeys | undefined;
	/** The database of logs and rows; undefined for files in the data folder. */
	readonly mongoUrl: string | undefined;
	readonly mongoAccess: MongoAccess;
	readonly nodeId: string | undefined;
	/** The ID of the installation; undefined for that of the store, or the only one on NATS. */
	readonly installation: string | undefined;
	/** The port of the gateway; 0 for any free port. */
	readonly port: number;
	/** Seconds an idle connection to the gateway stays open. */
	readonly keepAlive: number;
	/** Limits of one client of the gateway. */
	readonly rates: RateSettings;
	/** The number of partitions of a new log; undefined for that of the existing log. */
	readonly partitions: number | undefined;
	readonly services: readonly ServiceFile[];
	readonly logLevel: "fatal" | "error" | "warn" | "info" | "debug" | "trace";
	/** Whether the node has metrics. */
	readonly metrics: boolean;
	/** An additional port for the metrics; 0 for any free port, undefined for none. */
	readonly metricsPort: number | undefined;
	/** The beginning of a manual clock; undefined for the clock of the machine. */
	readonly clock: string | undefined;
	/** Keys that do not come from the data folder. */
	readonly keys: GivenKeys;
	readonly sealing: SealingSettings;
	readonly access: AccessSettings;
}
/** Invalid settings; the message has one line for each problem. */
export class SettingsError extends Error {}

const NO_CLUSTER_KEY =
	"NATS_URL needs CLUSTER_KEY, the secret that all nodes of a cluster share; make it once with: openssl rand -base64 32";
const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace"] as const;
/** The limit keeps an id of the live feed, which has a position for each partition of each log, below 9 of the 16 KiB of request headers. */
export const MAX_PARTITIONS = 64;

/** Throws a SettingsError if a value is invalid. `makes`: whether to create a missing data folder. */
export async function settingsOf(given: NodeJS.ProcessEnv, { makes = true } = {}): Promise<Settings> {
	const complaints: string[] = [];
	const env = withSecrets(given, complaints);
	const whole = wholeIn(complaints);
	const settings = {
		dataDir: resolve(env["DATA_DIR"] || ENVIRONMENT.DATA_DIR.default),
		...httpSettingsIn(env, complaints),
		port: whole("PORT", env["PORT"], 0, 65_535) ?? Number(ENVIRONMENT.PORT.default),
		keepAlive: whole("KEEP_ALIVE", env["KEEP_ALIVE"], 1, 3600) ?? Number(ENVIRONMENT.KEEP_ALIVE.default),
		rates: {
			requests: whole("RATE_REQUESTS", env["RATE_REQUESTS"], 0, 1_000_000) ?? Number(ENVIRONMENT.RATE_REQUESTS.default),
			content: whole("RATE_CONTENT", env["RATE_CONTENT"], 0, 10_000) ?? Number(ENVIRONMENT.RATE_CONTENT.default),
		},
		partitions: whole("PARTITIONS", env["PARTITIONS"], 1, MAX_PARTITIONS),
		services: await chosen(env["SERVICES"], complaints),
		logLevel: LOG_LEVELS.find((level) => level === env["LOG_LEVEL"]) ?? ENVIRONMENT.LOG_LEVEL.default,
		metrics: (env["METRICS"] || ENVIRONMENT.METRICS.default) !== "off",
		metricsPort: whole("METRICS_PORT", env["METRICS_PORT"], 0, 65_535),
		clock: clockIn(env["CLOCK"] || ENVIRONMENT.CLOCK.default, complaints),
		keys: keysIn(env, complaints),
		sealing: sealingIn(env, complaints),
		access: accessSettingsIn(env, complaints),
		natsUrl: env["NATS_URL"] || undefined,
		natsFiles: natsFilesIn(env),
		clusterKeys: clusterKeysOf(env, complaints),
		mongoUrl: env["MONGO_URL"] || undefined,
		mongoAccess: mongoAccessIn(env),
		nodeId: env["NODE_ID"] || undefined,
		installation: env["INSTALLATION"] || undefined,
	};
	complaints.push(...clusterProblems(settings, env), ...metricsProblems(env, settings));
	if (hasGateway(settings.services) || settings.metricsPort !== undefined) complaints.push(...openProblems(settings));
	if (env["LOG_LEVEL"] && !LOG_LEVELS.some((level) => level === env["LOG_LEVEL"]))
		complaints.push(`LOG_LEVEL is "${env["LOG_LEVEL"]}": it has to be one of ${LOG_LEVELS.join(", ")}`);
	const unusable = makes && keepsSomething(settings.services) ? folderProblem(settings.dataDir) : null;
	if (unusable) complaints.push(`DATA_DIR is "${settings.dataDir}": ${unusable}`);
	if (complaints.length === 0) complaints.push(...(await addressProblems(settings)));
	if (complaints.length > 0) throw new SettingsError(complaints.join("\n"));
	return settings;
}

/** The environment with the secrets from files; throws a SettingsError. For commands that read only some of the settings. */
export function completed(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	const complaints: string[] = [];
	const complete = withSecrets(env, complaints);
	if (complaints.length > 0) throw new SettingsError(complaints.join("\n"));
	return complete;
}

/** Reads whole numbers; undefined for one that is not set. */
const wholeIn =
	(complaints: string[]) =>
	(name: string, given: string | undefined, min: number, max: number): number | undefined => {
		if (given === undefined || given === "") return undefined;
		const value = Number(given);
		if (Number.isInteger(value) && value >= min && value <= max) return value;
		complaints.push(`${name} is "${given}": it has to be a whole number from ${min} to ${max}`);
		return undefined;
	};

/** All services, or those of the contexts and roles and with the names given. */
async function chosen(given: string | undefined, complaints: string[]): Promise<ServiceFile[]> {
	const all = serviceFiles();
	if (given === undefined || given === "") return all;
	const names = given.split(",").map((name) => name.trim());
	const named = names.map((name) => all.filter((file) => namesOf(file).includes(name)));
	const roles = named.every((files) => files.length > 0) ? new Map<string, ServiceFile[]>() : await servicesByRole(); // this loads every service
	const found = named.map((files, i) => (files.length > 0 ? files : (roles.get(names[i] ?? "") ?? [])));
	for (const [i, name] of names.entries())
		if (found[i]?.length === 0)
			complaints.push(
				`SERVICES names "${name}": there is no such role, context or service; there are ${[...new Set([...roles.keys(), ...all.flatMap(({ context, name: service }) => [context, service])])].join(", ")}`,
			);
	const chosen = new Set(found.flat().map(({ url }) => url.href));
	return all.filter(({ url }) => chosen.has(url.href));
}
function clockIn(text: string, complaints: string[]): string | undefined {
	if (text === "system") return undefined;
	const instant = /^manual:(.+)$/.exec(text)?.[1] ?? "";
	const milliseconds = Date.parse(instant);
	if (!Number.isNaN(milliseconds) && /Z$|[+-]\d\d:\d\d$/.test(instant)) return new Date(milliseconds).toISOString();
	complaints.push(`CLOCK is "${text}": it has to be "system", or "manual:" and an instant, e.g. manual:2026-01-01T00:00:00Z`);
	return undefined;
}
/** The names that select a service. A name that a context and one of its services share selects the context. */
const namesOf = ({ context, name }: ServiceFile): readonly string[] => [context, name, `${context}/${name}`];
/** Whether the services need a store; a gateway does not. */
export const keepsSomething = (services: readonly ServiceFile[]): boolean => services.some(({ context }) => context !== "gateway");

const natsFilesIn = (env: NodeJS.ProcessEnv): NatsFiles => ({
	NATS_CREDS: env["NATS_CREDS"] || undefined,
	NATS_CA: env["NATS_CA"] || undefined,
	NATS_CERT: env["NATS_CERT"] || undefined,
	NATS_KEY: env["NATS_KEY"] || undefined,
});
function clusterProblems(
	{ natsUrl, natsFiles, mongoUrl, mongoAccess, nodeId, installation }: Omit<Settings, "dataDir">,
	{ CLUSTER_KEY }: NodeJS.ProcessEnv,
): string[] {
	return [
		...natsProblems(natsUrl, natsFiles),
		...(natsUrl !== undefined && !CLUSTER_KEY ? [NO_CLUSTER_KEY] : []),
		...mongoProblems(mongoUrl, mongoAccess),
		...(nodeId !== undefined && !/^[A-Za-z0-9_.-]{1,64}$/.test(nodeId)
			? [`NODE_ID is "${nodeId}": it has to be 1 to 64 letters, digits, dots, dashes or underscores`]
			: []),
		...(installation !== undefined && !isInstallationId(installation)
			? [`INSTALLATION is "${installation}": it has to be 1 to 64 letters, digits, dashes or underscores`]
			: []),
	];
}

/** Complaints never contain a key. */
function clusterKeysOf({ CLUSTER_KEY }: NodeJS.ProcessEnv, complaints: string[]): ClusterKeys | undefined {
	const keys = CLUSTER_KEY ? clusterKeysIn(CLUSTER_KEY) : undefined;
	if (typeof keys !== "string") return keys;
	complaints.push(keys);
	return undefined;
}

/** Complaints never contain the key. */
function keysIn({ SIGNING_KEY, TRUSTED_KEYS }: NodeJS.ProcessEnv, complaints: string[]): GivenKeys {
	const signing = SIGNING_KEY ? privateKeyOf(SIGNING_KEY) : undefined;
	if (signing === null)
		complaints.push("SIGNING_KEY cannot be read: it has to be an Ed25519 private key, as PEM or as base64 of its PKCS8");
	const trusted = (TRUSTED_KEYS ?? "").split(",").filter((text) => text.trim() !== "");
	const keys = trusted.map(publicKeyOf);
	for (const [i, key] of keys.entries())
		if (key === null)
			complaints.push(`TRUSTED_KEYS cannot be read: number ${i + 1} has to be an Ed25519 public key, as base64 of its SPKI`);
	return { signing: signing ?? undefined, trusted: keys.filter((key) => key !== null) };
}

function metricsProblems(env: NodeJS.ProcessEnv, { metrics, metricsPort, port, services }: Omit<Settings, "dataDir">): string[] {
	const shared = metricsPort === port && port !== 0 && hasGateway(services);
	return [
		...(env["METRICS"] && !["on", "off"].includes(env["METRICS"]) ? [`METRICS is "${env["METRICS"]}": it has to be on or off`] : []),
		...(metricsPort !== undefined && !metrics
			? [`METRICS_PORT is ${metricsPort}, but METRICS is off: there is nothing to show there`]
			: []),
		...(shared ? [`METRICS_PORT is ${metricsPort}, and so is PORT: they have to differ`] : []),
	];
}
const hasGateway = (services: readonly ServiceFile[]): boolean => services.some(({ context }) => context === "gateway");

async function addressProblems({ host, port, metricsPort, services }: Settings): Promise<string[]> {
	return [
		...(hasGateway(services) ? await addressProblem("PORT", host, port) : []),
		...(metricsPort === undefined ? [] : await addressProblem("METRICS_PORT", host, metricsPort)),
	];
}

/** Checks before the start whether the node can listen on the port. */
function addressProblem(name: string, host: string, port: number): Promise<string[]> {
	return new Promise((resolveWith) => {
		const probe = createServer();
		probe.once("error", (error: NodeJS.ErrnoException) =>
			resolveWith([
				error.code === "EADDRINUSE"
					? `${name} is ${port}: something else listens on ${host}:${port} already`
					: `HOST is "${host}", ${name} is ${port}: cannot listen there (${error.code})`,
			]),
		);
		probe.listen(port, host, () => probe.close(() => resolveWith([])));
	});
}
