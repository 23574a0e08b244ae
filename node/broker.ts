/** Broker - derives the options of a node's broker from its settings. */
import type { BrokerOptions } from "moleculer";
import { brokerOptions as optionsOf } from "../moleculer.config.ts";
import { connectionOf } from "./settings/nats-access.ts";
import { serviceFiles } from "./services.ts";
import type { Settings } from "./settings.ts";
import { openStores, type StoreSettings } from "./stores.ts";

export type BrokerSettings = StoreSettings &
	Pick<Settings, "logLevel"> &
	Partial<
		Pick<
			Settings,
			"host" | "tls" | "allowedHosts" | "metrics" | "metricsPort" | "natsUrl" | "natsFiles" | "clusterKeys" | "nodeId" | "clock" | "access"
		>
	>;

/** Call it once for each broker: the result contains objects that belong to one broker. */
export function brokerOptions(settings: BrokerSettings): BrokerOptions {
	const { natsUrl, natsFiles = {}, clusterKeys } = settings;
	const node = {
		...settings,
		services: serviceFiles().map(({ name }) => name),
		nats:
			natsUrl === undefined || clusterKeys === undefined ? undefined : { connection: connectionOf(natsUrl, natsFiles), keys: clusterKeys },
	};
	return optionsOf(node, (report) => openStores(settings, report));
}
