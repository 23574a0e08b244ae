/** What our action definitions say beyond Moleculer's own words; it travels with them to every node. */
import type { Offer, RouteNote } from "./routes.ts";

declare module "moleculer" {
	interface ActionSchema {
		/** `GET /radars/:id`: one method, one path under /api. */
		rest?: string;
		note?: RouteNote;
		/** Decides commands: must not run for the same command on two nodes at once. */
		decides?: true;
		/** Milliseconds; 0 is none. */
		timeout?: number;
	}
	interface ServiceSchema {
		/** moleculer-db's way into the store. */
		adapter?: object;
		/** What a gateway has routes for. */
		offer?: Offer;
	}
	interface ServiceSettingSchema {
		[setting: string]: unknown;
	}
	interface Service {
		[field: string]: unknown;
	}
}
