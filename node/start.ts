/** Start - runs the services of one node, from its settings alone. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Service, ServiceBroker, type ServiceSchema } from "moleculer";
import { metricsOf } from "../mixins/monitoring/metrics.ts";
import { hearing, tell } from "../mixins/logs/hints.ts";
import { placed } from "../mixins/cluster/placement.ts";
import { storageOf } from "../mixins/logs/storage.ts";
import { brokerOptions } from "./broker.ts";
import { KEYS_FOLDER, LOG_FILE, ROWS_FILE } from "./stores.ts";
import { REPLACED, restoringIn } from "../store/backup/restore.ts";
import { checkFiles } from "../store/sqlite/check.ts";
import { offerOf } from "./offer.ts";
import { closeFolder } from "./data-folder.ts";
import { startFailure } from "./failure.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { connected } from "./joining.ts";
import { schemaOf, serviceFiles } from "./services.ts";
import { keepsSomething, type Settings, SettingsError, settingsOf } from "./settings.ts";

export interface Running {
	/** `http://127.0.0.1:3000/api`; empty without a gateway. */
	readonly url: string;
	/** `http://127.0.0.1:9100/metrics`; empty without a METRICS_PORT. */
	readonly metricsUrl: string;
	readonly broker: ServiceBroker;
	stop(): Promise<void>;
}

export interface StartOptions {
	/** Looks on, beside those who run: no gateway, and no service follows a log or sends a command of its own accord. */
	readonly observing?: boolean;
}

/** Starts what the settings ask for; rejects with one clear line for each thing that is wrong with them. */
export async function start(env: NodeJS.ProcessEnv = process.env, { observing = false }: StartOptions = {}): Promise<Running> {
	const settings = observing ? beside(await settingsOf({ ...env, PORT: "0", METRICS_PORT: "" }, { makes: false })) : await settingsOf(env); // who looks on listens nowhere
	const broker = new ServiceBroker({ ...brokerOptions({ ...settings, observing }), metadata: { observing } });
	try {
		if (!observing && settings.mongoUrl === undefined) checked(settings.dataDir); // who looks on may look at what is damaged
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
	return { url: urlOf(broker, settings), metricsUrl: metricsOf(broker)?.reporter.url ?? "", broker, stop: () => broker.stop() };
}

/** In a cluster a gateway has the routes of all services, because other nodes may run them; an embedded one has those of its own. */
const gatewayOf = async (
	schema: ServiceSchema,
	{ port, host, allowedHosts, keepAlive, natsUrl, services }: Settings,
): Promise<Partial<ServiceSchema>> => ({
	settings: { ...schema.settings, port, ip: host, allowedHosts, keepAlive },
	offer: await offerOf(natsUrl === undefined ? services : serviceFiles(), serviceFiles()),
});
/** Throws what is wrong with the files of a data folder. */
function checked(folder: string): void {
	if (existsSync(restoringIn({ folder, log: LOG_FILE })))
		throw new SettingsError(
			`DATA_DIR is "${folder}": a restore to here has not ended: run it again, with --replace, or remove ${restoringIn({ folder, log: LOG_FILE })}`,
		);
	checkFiles(join(folder, LOG_FILE), join(folder, ROWS_FILE));
}
/** Opens the stores and says what an operator should know of them. */
async function opened(broker: ServiceBroker, { dataDir, installation }: Settings, observing: boolean): Promise<void> {
	const storage = storageOf(broker);
	storage.open();
	if (!observing) await storage.anchored();
	const folder = existsSync(dataDir) ? closeFolder(dataDir, [LOG_FILE, ROWS_FILE, KEYS_FOLDER, REPLACED]) : [];
	for (const warning of [...folder, ...(await storage.ready())]) broker.logger.warn(warning);
	const kept = await storage.installation();
	if (installation !== undefined && installation !== kept)
		throw new SettingsError(`INSTALLATION is "${installation}": the store belongs to the installation ${kept}`);
	broker.logger.info(`This node belongs to the installation ${kept}`);
}
/** Says of an actor kind where its actors are; how many partitions its log has is known once it is open. */
async function placing(broker: ServiceBroker, schema: ServiceSchema): Promise<ServiceSchema> {
	const context: unknown = schema.mixins?.map(({ metadata }) => (metadata as { context?: unknown } | undefined)?.context).find(Boolean); // as EventSourced says
	if (typeof context !== "string") return schema;
	const { partitions } = await storageOf(broker).context(context);
	const placement = { log: context, partitions: partitions.length };
	return { ...schema, mixins: schema.mixins?.map((mixin) => placed({ ...mixin, name: schema.name }, placement)) ?? [] };
}
/** Nodes of a cluster tell each other what is new in a log. */
function tellAndHear(broker: ServiceBroker): void {
	storageOf(broker).tell = (context, partition, last) => tell(broker, { context, partition, last });
	broker.createService(hearing);
}

/** The settings without the gateway, on a folder somebody has written to: who looks on begins nothing. */
function beside(settings: Settings): Settings {
	if (settings.mongoUrl === undefined && !existsSync(join(settings.dataDir, LOG_FILE)))
		throw new SettingsError(`DATA_DIR is "${settings.dataDir}": there is no log in it`);
	return { ...settings, services: settings.services.filter(({ context }) => context !== "gateway") };
}

function urlOf(broker: ServiceBroker, { host, port }: Settings): string {
	const gateway = broker.services.find((service: Service) => service.name === "gateway");
	const address = (gateway?.["server"] as { address(): { port: number } | null } | undefined)?.address(); // moleculer-web's server
	return gateway ? `http://${host.includes(":") ? `[${host}]` : host}:${address?.port ?? port}/api` : "";
}
