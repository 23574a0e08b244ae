/** Moleculer - fields of our action and service schemas beyond Moleculer's own; the registry carries them to every node. */
import type { May } from "../../model/access.ts";
import type { Offer, RouteNote } from "./routes.ts";

declare module "moleculer" {
	interface ActionSchema {
		/** One method and one path under /api: `GET /radars/:id`. */
		rest?: string;
		note?: RouteNote;
		/** The roles that may use it; without it, none may. */
		may?: May;
		/** Decides commands: must not run for the same command on two nodes at once. */
		decides?: true;
		/** Validates its params itself, like one item of many; they are not validated before. */
		validates?: true;
		/** Milliseconds; 0 means no timeout. */
		timeout?: number;
	}
	interface ServiceSchema {
		/** moleculer-db's access to the store. */
		adapter?: object;
		/** Everything a gateway has routes for. */
		offer?: Offer;
	}
	interface ServiceSettingSchema {
		[setting: string]: unknown;
	}
	interface Service {
		[field: string]: unknown;
	}
}
