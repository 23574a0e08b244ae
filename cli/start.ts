/** npm start - the services of this node, from its settings alone; stops on SIGTERM or Ctrl-C with what is under way finished. */
import { type Service, ServiceBroker, type ServiceSchema } from "moleculer";
import { storageOf } from "../mixins/storage.ts";
import { brokerOptions } from "../moleculer.config.ts";
import { PartitionsFixed } from "../store/log.ts";
import { type Settings, SettingsError, settingsOf } from "./settings.ts";

export interface Running {
	/** `http://127.0.0.1:3000/api`; empty without a gateway. */
	readonly url: string;
	readonly broker: ServiceBroker;
	stop(): Promise<void>;
}

/** Starts what the settings ask for; rejects with one clear line for each thing that is wrong with them. */
export async function start(env: NodeJS.ProcessEnv = process.env): Promise<Running> {
	const settings = await settingsOf(env);
	const broker = new ServiceBroker(brokerOptions(settings));
	try {
		storageOf(broker).open();
	} catch (error) {
		throw new SettingsError(error instanceof PartitionsFixed ? error.message : `DATA_DIR is "${settings.dataDir}": ${String(error)}`);
	}
	for (const { url } of settings.services) {
		const { default: schema } = (await import(url.href)) as { default: ServiceSchema }; // a file under services/
		broker.createService(
			schema.name === "gateway" ? { ...schema, settings: { ...schema.settings, port: settings.port, ip: settings.host } } : schema,
		);
	}
	try {
		await broker.start();
	} catch (error) {
		await broker.stop();
		throw error;
	}
	return { url: urlOf(broker, settings), broker, stop: () => broker.stop() };
}

function urlOf(broker: ServiceBroker, { host, port }: Settings): string {
	const gateway = broker.services.find((service: Service) => service.name === "gateway");
	const address = (gateway?.["server"] as { address(): { port: number } | null } | undefined)?.address(); // moleculer-web's server
	return gateway ? `http://${host.includes(":") ? `[${host}]` : host}:${address?.port ?? port}/api` : "";
}

async function main(): Promise<void> {
	const { url, broker, stop } = await start();
	console.log(url ? `Vigie listens on ${url}` : `Vigie runs ${broker.services.map(({ name }: Service) => name).join(", ")}`);
	let stopping = false;
	for (const signal of ["SIGTERM", "SIGINT"] as const)
		process.on(signal, () => {
			if (stopping) process.exit(1); // asked twice
			stopping = true;
			void stop().then(() => process.exit(0));
		});
}

if (import.meta.main)
	await main().catch((error: unknown) => {
		console.error(error instanceof SettingsError ? error.message : error);
		process.exit(1);
	});
