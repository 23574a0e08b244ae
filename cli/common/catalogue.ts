/** Catalogue - everything that the services define, loaded from their files: models, projections, processes, and their actions. */
import { fileURLToPath } from "node:url";
import { relative } from "node:path";
import type { ServiceSchema } from "moleculer";
import { CODES } from "../../mixins/common/codes.ts";
import { type AnyProcess, type AnyProjection, type Code, type Codes, codesOfModel, isCodes, type Model } from "../../model/index.ts";
import { type Action, actionsIn } from "../../node/offer.ts";
import { schemaOf, type ServiceFile, serviceFiles } from "../../node/services.ts";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A definition, and the constant that exports it. */
export interface Stated<T> {
	readonly context: string;
	/** From the root: `services/radar/radar.service.ts`. */
	readonly path: string;
	/** Name of the exported constant. */
	readonly constant: string;
	readonly value: T;
}
export interface Service {
	readonly name: string;
	readonly context: string;
	readonly path: string;
	readonly actions: readonly Action[];
}
export interface House {
	readonly services: readonly Service[];
	readonly models: readonly Stated<Model>[];
	readonly projections: readonly Stated<AnyProjection>[];
	readonly processes: readonly Stated<AnyProcess>[];
	/** Codes declared by services. */
	readonly codes: readonly Stated<Codes>[];
}

/** Position of each context, as its declaration says; a context without a log, such as the gateway, comes last. */
async function ranking(files: readonly ServiceFile[]): Promise<(context: string) => number> {
	const logs = files.filter(({ context, name }) => name === `${context}-log`);
	const orders = await Promise.all(logs.map(async (file) => ((await schemaOf(file)).metadata as { readonly order: number }).order)); // see mixins/logs/context.ts
	const ranks = new Map(logs.map(({ context }, i) => [context, orders[i]]));
	return (context) => ranks.get(context) ?? Number.MAX_SAFE_INTEGER;
}

const isModel = (value: object): value is Model => "evolve" in value && "commands" in value;
const isProjection = (value: object): value is AnyProjection => "on" in value && "show" in value;
const isProcess = (value: object): value is AnyProcess => "subjects" in value && "next" in value;

export async function loadHouse(): Promise<House> {
	const rank = await ranking(serviceFiles());
	const files = serviceFiles().toSorted((a, b) => rank(a.context) - rank(b.context) || (a.url.href < b.url.href ? -1 : 1));
	const loaded = await Promise.all(
		files.map(async ({ context, url }) => ({
			context,
			path: relative(ROOT, fileURLToPath(url)),
			exported: (await import(url.href)) as Readonly<Record<string, unknown>> & { readonly default: ServiceSchema }, // a file under services/
		})),
	);
	const stated = loaded.flatMap(({ context, path, exported }) =>
		Object.entries(exported).flatMap(([constant, value]) =>
			typeof value === "object" && value !== null && constant !== "default" ? [{ context, path, constant, value }] : [],
		),
	);
	const of = <T extends object>(is: (value: object) => value is T): Stated<T>[] =>
		stated.flatMap((one) => (is(one.value) ? [{ ...one, value: one.value }] : []));
	return {
		services: loaded.map(({ context, path, exported: { default: schema } }) => ({
			context,
			path,
			name: schema.name,
			actions: actionsIn(schema),
		})),
		models: consultedFirst(of(isModel), rank),
		projections: of(isProjection),
		processes: of(isProcess),
		codes: of(isCodes),
	};
}

/** Sorts a consulted model before those that consult it, and otherwise keeps the order. */
function consultedFirst(models: readonly Stated<Model>[], rank: (context: string) => number): Stated<Model>[] {
	const depth = (name: string): number => {
		const commands = Object.values(models.find(({ value }) => value.name === name)?.value.commands ?? {});
		const asked = commands.flatMap(({ consult = {} }) => Object.values(consult).map(({ ask }) => ask.slice(0, ask.indexOf("."))));
		return asked.length === 0 ? 0 : 1 + Math.max(...asked.map(depth));
	};
	return models.toSorted((a, b) => rank(a.context) - rank(b.context) || depth(a.value.name) - depth(b.value.name));
}

/** The whole catalog of codes: the general ones, and those of all services and models. */
export const catalog = ({ models, codes }: House): Code[] => [
	...Object.values(CODES),
	...codes.flatMap(({ value }) => Object.values(value)),
	...models.flatMap(({ value }) => codesOfModel(value)),
];

/** The distinct contexts, in order. */
export const contextsOf = (all: readonly { readonly context: string }[]): string[] => [...new Set(all.map(({ context }) => context))];
