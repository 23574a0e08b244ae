/** Roles - the roles of cluster nodes: commands, queries or gateway, of one context or of all, derived from the services. */
import type { ServiceSchema } from "moleculer";
import { type ServiceFile, serviceFiles, SettingsError } from "../../node/settings.ts";

/** The services of each role, by its name (`commands`, `radar-queries`). */
export type Roles = ReadonlyMap<string, readonly ServiceFile[]>;
/** The nodes to start by default. */
export const NODES = "commands=2,queries=2,gateway=2";
/** Maximum number of nodes of one role. */
const MOST = 32;

export async function rolesOf(): Promise<Roles> {
	const roles = new Map<string, ServiceFile[]>();
	for (const file of serviceFiles()) {
		const side = await sideOf(file);
		for (const role of side === "gateway" ? [side] : [side, `${file.context}-${side}`]) roles.set(role, [...(roles.get(role) ?? []), file]);
	}
	return roles;
}

/** Services that follow a log (read models, processes) belong to the queries, all others of a context to the commands. */
async function sideOf({ context, url }: ServiceFile): Promise<"gateway" | "queries" | "commands"> {
	if (context === "gateway") return "gateway";
	const { default: schema } = (await import(url.href)) as { default: ServiceSchema }; // a file under services/
	const follows = schema.mixins?.some(({ metadata }) => (metadata as { follows?: unknown } | undefined)?.follows); // set by Projected and Processing
	return follows ? "queries" : "commands";
}

/** `radar/radar,radar/detection`, as SERVICES takes it. */
export const servicesText = (files: readonly ServiceFile[]): string => files.map(({ context, name }) => `${context}/${name}`).join(",");

/** The role of each node to start. Throws a SettingsError with one line for each mistake. */
export function nodesOf(text: string, roles: Roles): readonly string[] {
	const complaints: string[] = [];
	const nodes = text.split(",").flatMap((one) => {
		const [, role = "", number = "1"] = /^\s*([a-z-]+)(?:=(\d+))?\s*$/.exec(one) ?? [];
		if (!roles.has(role))
			complaints.push(`--nodes names "${one}": it has to be role=number, with a role of ${[...roles.keys()].join(", ")}`);
		else if (Number(number) < 1 || Number(number) > MOST) complaints.push(`--nodes says ${one}: there can be 1 to ${MOST} of a role`);
		else return Array.from({ length: Number(number) }, () => role);
		return [];
	});
	const run = new Set(nodes.flatMap((role) => roles.get(role) ?? []).map(({ url }) => url.href));
	const left = [...roles].filter(
		([role, files]) => role !== "commands" && role !== "queries" && files.some(({ url }) => !run.has(url.href)),
	);
	if (complaints.length === 0 && left.length > 0) complaints.push(`--nodes leaves out ${left.map(([role]) => role).join(", ")}`);
	if (complaints.length > 0) throw new SettingsError(complaints.join("\n"));
	return nodes;
}
