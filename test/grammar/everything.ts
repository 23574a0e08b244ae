/** Everything - every model, projection and process under services/, found by its shape, so that general laws also test new ones. */
import { readdirSync } from "node:fs";
import type { AnyProcess, AnyProjection, Model } from "../../model/index.ts";

const services = new URL("../../services/", import.meta.url);
const files = readdirSync(services, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".service.ts"));
const exported = await Promise.all(
	files.toSorted().map(async (file) => Object.values((await import(new URL(file, services).href)) as Readonly<Record<string, unknown>>)),
);
const found = exported.flat().filter((value): value is object => typeof value === "object" && value !== null);

const isModel = (value: object): value is Model => "evolve" in value && "commands" in value;
const isProjection = (value: object): value is AnyProjection => "on" in value && "show" in value;
const isProcess = (value: object): value is AnyProcess => "subjects" in value && "next" in value;

export const models: readonly Model[] = found.filter(isModel);
export const projections: readonly AnyProjection[] = found.filter(isProjection);
export const processes: readonly AnyProcess[] = found.filter(isProcess);

export function modelOf(name: string): Model {
	const model = models.find((one) => one.name === name);
	if (!model) throw new Error(`There is no model ${name}`);
	return model;
}
