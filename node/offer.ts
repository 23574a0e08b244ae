/** Actions - reads the actions of a service file with its mixins merged, without starting the service. */
import { type ActionSchema, Service, type ServiceSchema } from "moleculer";
import type { Offer } from "../mixins/common/routes.ts";
import { schemaOf, type ServiceFile } from "./services.ts";

export interface Action {
	/** `radar.install` */
	readonly name: string;
	readonly schema: ActionSchema;
}

export function actionsIn(schema: ServiceSchema): Action[] {
	const { actions = {} } = Service.prototype.applyMixins(schema); // uses nothing of an instance
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

/** The routes and parts of a system made of these files; `known`: the files whose contexts and facts are known, running or not. */
export async function offerOf(files: readonly ServiceFile[], known: readonly ServiceFile[]): Promise<Offer> {
	const actions = (await schemasIn(files)).flatMap(actionsIn);
	const told = (await schemasIn(known)).map(toldBy);
	return {
		routes: actions.flatMap(({ name, schema: { rest, note } }) => (rest !== undefined && note ? [{ name, rest, note }] : [])),
		parts: actions.flatMap(({ name }) => (name.endsWith(".health") ? [name.slice(0, -".health".length)] : [])),
		facts: told.flatMap(({ facts = [] }) => facts),
		contexts: [...new Set(told.flatMap(({ context = [] }) => context))],
	};
}
