/** Services - finds the services of the system by their files, and the side of a context that each belongs to. */
import { readdirSync } from "node:fs";
import type { ServiceSchema } from "moleculer";

export interface ServiceFile {
	/** Name of the folder. */
	readonly context: string;
	/** Name of the service. */
	readonly name: string;
	/** The file whose default export is the service. */
	readonly url: URL;
}
/** Actors, imports and the log decide; read models and processes follow logs. */
export type Side = "commands" | "queries" | "gateway";

const SERVICES = new URL("../services/", import.meta.url);
const ENDING = ".service.ts";
/** Declares a context; its default export is the service of the log. */
const CONTEXT = "context.ts";

/** All services: a folder per context, a file per service. */
export function serviceFiles(): ServiceFile[] {
	return readdirSync(SERVICES, { withFileTypes: true })
		.filter((entry) => entry.isDirectory())
		.flatMap(({ name: context }) =>
			readdirSync(new URL(`${context}/`, SERVICES))
				.filter((file) => file.endsWith(ENDING) || file === CONTEXT)
				.map((file) => ({
					context,
					name: file === CONTEXT ? `${context}-log` : file.slice(0, -ENDING.length),
					url: new URL(`${context}/${file}`, SERVICES),
				})),
		);
}

export const schemaOf = async ({ url }: ServiceFile): Promise<ServiceSchema> =>
	((await import(url.href)) as { default: ServiceSchema }).default; // a file under services/

export async function sideOf(file: ServiceFile): Promise<Side> {
	if (file.context === "gateway") return "gateway";
	const { mixins = [] } = await schemaOf(file);
	const follows = mixins.some(({ metadata }) => (metadata as { follows?: unknown } | undefined)?.follows); // set by Projected and Processing
	return follows ? "queries" : "commands";
}

/** Services by role: `commands` and `queries` of all contexts, `radar-commands` and `radar-queries` of one, and `gateway`. */
export async function servicesByRole(): Promise<ReadonlyMap<string, readonly ServiceFile[]>> {
	const roles = new Map<string, ServiceFile[]>();
	for (const file of serviceFiles()) {
		const side = await sideOf(file);
		for (const role of side === "gateway" ? [side] : [side, `${file.context}-${side}`]) roles.set(role, [...(roles.get(role) ?? []), file]);
	}
	return roles;
}
