/** Offer - reads the routes, parts, facts and contexts of service files with their mixins merged, without starting the services. */
import { type ActionSchema, Service, type ServiceSchema } from "moleculer";
import type { Offer } from "../mixins/common/routes.ts";
import { schemaOf, type ServiceFile } from "./services.ts";

export interface Action {
	/** `radar.install` */
	readonly name: string;
	readonly schema: ActionSchema;
}

export function actionsIn(schema: ServiceSchema): Action[] {
	const { actions = {} } = Service.prototype.applyMixins(schema); // does not use `this`
	return Object.entries(actions).flatMap(([action, of]): Action[] =>
		typeof of === "object"
			? [{ name: `${schema.name}.${action}`, schema: of }]
			: typeof of === "function"
				? [{ name: `${schema.name}.${action}`, schema: {} }]
				: [],
	);
}

const schemasIn = (files: readonly ServiceFile[]): Promise<ServiceSchema[]> => Promise.all(files.map(schemaOf));
type Told = { readonly context?: string; readonly facts?: readonly string[] }; // see EventSourced
const toldBy = (schema: ServiceSchema): Told => Service.prototype.applyMixins(schema).metadata ?? {};

/** The offer of a system that runs `files`; `known`: all files whose contexts and facts count, also if no node runs them. */
export async function offerOf(files: readonly ServiceFile[], known: readonly ServiceFile[]): Promise<Offer> {
	const actions = (await schemasIn(files)).flatMap(actionsIn);
	const told = (await schemasIn(known)).map(toldBy);
	return {
		routes: actions.flatMap(({ name, schema: { rest, note, may = {} } }) =>
			rest !== undefined && note ? [{ name, rest, note, may }] : [],
		),
		parts: actions.flatMap(({ name }) => (name.endsWith(".health") ? [name.slice(0, -".health".length)] : [])),
		facts: told.flatMap(({ facts = [] }) => facts),
		contexts: [...new Set(told.flatMap(({ context = [] }) => context))],
	};
}
