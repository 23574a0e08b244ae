/** Start - runs the services of one node as its settings say. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { type Service, ServiceBroker, type ServiceSchema } from "moleculer";
import { BOOTSTRAP, COMMAND_LINE, establish } from "../mixins/identity/bootstrap.ts";
import { inviteAdministrator } from "../mixins/identity/first-administrator.ts";
import { digestOf } from "../mixins/identity/tokens.ts";
import { metricsUrlOf } from "../mixins/http/metrics-server.ts";
import { hearing, tell } from "../mixins/logs/hints.ts";
import { placed } from "../mixins/cluster/placement.ts";
import { synchronized } from "../mixins/cluster/manual-clock.ts";
import { storageOf } from "../mixins/logs/storage.ts";
import { brokerOptions } from "./broker.ts";
import { KEYS_FOLDER, LOG_FILE, ROWS_FILE, VAULT_FILE } from "./stores.ts";
import { REPLACED, restoringIn } from "../store/backup/restore.ts";
import { checkFiles } from "../store/sqlite/check.ts";
import { offerOf } from "./offer.ts";
import { ownerProblem } from "../store/private.ts";
import { KEPT_KEY } from "./cluster-key-file.ts";
import { closeFolder } from "./data-folder.ts";
import { startFailure } from "./failure.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { connected } from "./joining.ts";
import { keptTokenIn } from "./own-token.ts";
import { schemaOf, serviceFiles, sideOf } from "./services.ts";
import { keepsSomething, type Settings, SettingsError, settingsOf } from "./settings.ts";

export interface Running {
	/** `http://127.0.0.1:3000/api`, or https with a certificate; empty without a gateway. */
	readonly url: string;
	/** `http://127.0.0.1:9100/metrics`; empty without a METRICS_PORT. */
	readonly metricsUrl: string;
	readonly broker: ServiceBroker;
	/** The token that makes the first administrator of a single node; null if there is one, or this process does not have all that it needs. */
	invite(): Promise<string | null>;
	stop(): Promise<void>;
}

export interface StartOptions {
	/** Observes a running system: there is no gateway, and no service follows a log or sends commands by itself. */
	readonly observing?: boolean;
}

/** Milliseconds that a start waits for its first commands. */
const BOOTSTRAP_PATIENCE = 10_000;
/** An observer opens no port. */
const CLOSED = { HOST: "", PORT: "0", METRICS_PORT: "", TLS_CERT: "", TLS_KEY: "" };

/** Starts the node; rejects with a SettingsError, one line for each problem. */
export async function start(env: NodeJS.ProcessEnv = process.env, { observing = false }: StartOptions = {}): Promise<Running> {
	const settings = observing ? beside(await settingsOf({ ...env, ...CLOSED }, { makes: false })) : await settingsOf(env);
	const signs = !observing && (await Promise.all(settings.services.map(sideOf))).includes("commands");
	const broker = new ServiceBroker({ ...brokerOptions({ ...settings, signs, observing }), metadata: { observing } });
	try {
		for (const warning of closed(settings.dataDir, observing)) broker.logger.warn(warning);
		if (!observing && settings.mongoUrl === undefined) checked(settings.dataDir); // an observer may open damaged files
		if (keepsSomething(settings.services)) await opened(broker, settings, observing);
	} catch (error) {
		throw startFailure(error, settings);
	}
	if (settings.natsUrl !== undefined) await connected(broker, settings);
	for (const file of settings.services) {
		const schema = await schemaOf(file);
		const metadata = { ...schema.metadata, code: fingerprintOf(file.url) };
		const listening = schema.name === "gateway" ? await gatewayOf(schema, settings) : {};
		const placed = settings.natsUrl === undefined ? schema : await placing(broker, schema);
		broker.createService({ ...placed, ...listening, metadata });
	}
	if (settings.natsUrl !== undefined && keepsSomething(settings.services)) tellAndHear(broker);
	try {
		await broker.start();
	} catch (error) {
		await broker.stop();
		throw startFailure(error, settings);
	}
	if (settings.natsUrl === undefined) await synchronized(broker); // in a cluster, the readiness of the node waits for it
	if (!observing && settings.services.some(({ name }) => name === "identity")) await openAccess(broker, settings);
	return {
		url: urlOf(broker, settings),
		metricsUrl: metricsUrlOf(broker),
		broker,
		invite: async () => (isWhole(settings) ? inviteAdministrator(broker) : null),
		stop: () => broker.stop(),
	};
}
/** Whether this node runs alone, with all of its identity context and a gateway. */
const isWhole = ({ natsUrl, services }: Settings): boolean => {
	const isOfAccess = ({ context }: { readonly context: string }) => context === "identity" || context === "gateway";
	return natsUrl === undefined && services.filter(isOfAccess).length === serviceFiles().filter(isOfAccess).length;
};

/**
 * Establishes the clients of BOOTSTRAP_TOKEN and of the command line. Waits a limited time, so that their tokens work when the start is over
 * unless the log cannot be written.
 */
async function openAccess(broker: ServiceBroker, { access, dataDir, mongoUrl }: Settings): Promise<void> {
	const own = mongoUrl === undefined ? keptTokenIn(dataDir) : null;
	const established = Promise.all([
		access.bootstrap === null ? null : establish(broker, BOOTSTRAP, "Bootstrap", access.bootstrap),
		own === null ? null : establish(broker, COMMAND_LINE, "Command line", digestOf(own)),
	]).catch((error: unknown) => broker.logger.error("The first clients are not established:", error));
	await Promise.race([established, pause(BOOTSTRAP_PATIENCE, undefined, { ref: false })]);
}

/** In a cluster a gateway has the routes of all services, because other nodes may run them; else only those of its own node. */
const gatewayOf = async (
	schema: ServiceSchema,
	{ port, host, behindProxy, allowedHosts, corsOrigins, keepAlive, rates, natsUrl, services }: Settings,
): Promise<Partial<ServiceSchema>> => ({
	settings: { ...schema.settings, port, ip: host, behindProxy, allowedHosts, corsOrigins, keepAlive, rates },
	offer: await offerOf(natsUrl === undefined ? services : serviceFiles(), serviceFiles()),
});
/** Throws if the files of a data folder are damaged or incomplete. */
function checked(folder: string): void {
	if (existsSync(restoringIn({ folder, log: LOG_FILE })))
		throw new SettingsError(
			`DATA_DIR is "${folder}": a restore to here has not ended: run it again, with --replace, or remove ${restoringIn({ folder, log: LOG_FILE })}`,
		);
	checkFiles(join(folder, LOG_FILE), join(folder, ROWS_FILE));
}
/** Restricts an existing data folder to its owner. An operator may be another user, such as root. */
function closed(folder: string, observing: boolean): string[] {
	if (!existsSync(folder)) return [];
	const owner = observing ? null : ownerProblem(folder);
	return [
		...(owner === null ? [] : [owner]),
		...closeFolder(folder, { ours: [LOG_FILE, ROWS_FILE, VAULT_FILE, KEYS_FOLDER, REPLACED, KEPT_KEY], except: KEYS_FOLDER }),
	];
}
/** Opens the stores and logs their warnings. */
async function opened(broker: ServiceBroker, { installation }: Settings, observing: boolean): Promise<void> {
	const storage = storageOf(broker);
	storage.open();
	if (!observing) await storage.assertOwn();
	if (!observing) await storage.anchored();
	for (const warning of await storage.ready()) broker.logger.warn(warning);
	const kept = await storage.installation();
	if (installation !== undefined && installation !== kept)
		throw new SettingsError(`INSTALLATION is "${installation}": the store belongs to the installation ${kept}`);
	broker.logger.info(`This node belongs to the installation ${kept}`);
}
/** Adds placement options to the actions of an actor kind; opens the log, which knows the number of partitions. */
async function placing(broker: ServiceBroker, schema: ServiceSchema): Promise<ServiceSchema> {
	const context: unknown = schema.mixins?.map(({ metadata }) => (metadata as { context?: unknown } | undefined)?.context).find(Boolean); // set by EventSourced
	if (typeof context !== "string") return schema;
	const { partitions } = await storageOf(broker).context(context);
	const placement = { log: context, partitions: partitions.length };
	return { ...schema, mixins: schema.mixins?.map((mixin) => placed({ ...mixin, name: schema.name }, placement)) ?? [] };
}
/** Sends hints to the other nodes of a cluster, and receives theirs. */
function tellAndHear(broker: ServiceBroker): void {
	storageOf(broker).tell = (context, partition, last) => tell(broker, { context, partition, last });
	broker.createService(hearing);
}

/** The settings of an observer: no gateway, and the log must exist, since an observer does not create one. */
function beside(settings: Settings): Settings {
	if (settings.mongoUrl === undefined && !existsSync(join(settings.dataDir, LOG_FILE)))
		throw new SettingsError(`DATA_DIR is "${settings.dataDir}": there is no log in it`);
	return { ...settings, services: settings.services.filter(({ context }) => context !== "gateway") };
}

function urlOf(broker: ServiceBroker, { host, port, tls }: Settings): string {
	const gateway = broker.services.find((service: Service) => service.name === "gateway");
	const address = (gateway?.["server"] as { address(): { port: number } | null } | undefined)?.address(); // moleculer-web's server
	return gateway ? `${tls ? "https" : "http"}://${host.includes(":") ? `[${host}]` : host}:${address?.port ?? port}/api` : "";
}
