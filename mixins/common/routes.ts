/** Routes - the facts about an action from which the gateway makes its route without knowing its service. */
import type { May } from "../../model/access.ts";

export interface RouteNote {
	readonly kind: "creation" | "command" | "read" | "upload";
	/** The actor: `radar`. */
	readonly of: string;
	/** The action that handles many at once, for NDJSON. */
	readonly bulk?: string;
	/** The actor's id follows from the content it is created with. */
	readonly named?: true;
	/** Fields whose values must not be stored, not even in a digest that is quick to compute. */
	readonly secrets?: readonly string[];
	/** The content type that an upload accepts; its text becomes the parameter `content`. */
	readonly accepts?: string;
}
/** An action that has a route. */
export interface Routed {
	readonly name: string;
	/** `GET /radars/:id` */
	readonly rest: string;
	/** The roles that may use it. */
	readonly may: May;
	readonly note: RouteNote;
}
/** Everything the system offers, whether or not a node provides it at the moment. */
export interface Offer {
	readonly routes: readonly Routed[];
	/** Services with a health of their own. */
	readonly parts: readonly string[];
	/** All fact types, including those of contexts that do not run at the moment. */
	readonly facts: readonly string[];
	/** All contexts that have a log, likewise. */
	readonly contexts: readonly string[];
}
