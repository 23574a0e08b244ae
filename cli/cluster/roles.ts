/** Roles - what the nodes of a cluster are for: deciding, reading or HTTP, of one context or of all; found from the services themselves. */
import type { ServiceFile } from "../../node/services.ts";
import { SettingsError } from "../../node/settings.ts";

/** By its name (`commands`, `radar-queries`), the services a node of it runs. */
export type Roles = ReadonlyMap<string, readonly ServiceFile[]>;
/** What is started where nothing is said. */
export const NODES = "commands=2,queries=2,gateway=2";
/** Of one role. */
const MOST = 32;

/** `radar/radar,radar/detection`, as SERVICES takes it. */
export const servicesText = (files: readonly ServiceFile[]): string => files.map(({ context, name }) => `${context}/${name}`).join(",");

/** The role of each node to start; throws a line for each thing that makes no sense. */
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
