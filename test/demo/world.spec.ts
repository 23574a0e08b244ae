/** World - the demo's world: a radar file with every oddity of the real one, and fictitious people. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "@jest/globals";
import { parse } from "csv-parse/sync";
import { carelesslyRead, foreignPlate, frenchPlate, misread } from "../../demo/plates.ts";
import { byWeight, seeded } from "../../demo/random.ts";
import { sitesOf, worldOf } from "../../demo/world.ts";
import { readPlate } from "../../jurisdictions/index.ts";

const radarFile = readFileSync(fileURLToPath(new URL("../../demo/radars.csv", import.meta.url).href));
const world = worldOf(radarFile, { seed: 1 });

describe("the radar file of the demo", () => {
	const rows: Record<string, string>[] = parse(radarFile, { columns: true });
	const having = (test: (row: Record<string, string>) => boolean): number => rows.filter(test).length;

	it("has the columns of the French open data", () => {
		expect(radarFile.toString().split("\n", 1)[0]).toBe(
			"date_heure_dernier_changement,date_heure_creation,departement,latitude,longitude,id,direction,equipement,date_installation,type,emplacement,route,longueur_troncon_km,vitesse_poids_lourds_kmh,vitesse_vehicules_legers_kmh",
		);
	});

	it("has its kinds and its oddities", () => {
		expect(new Set(rows.map((row) => row["type"]))).toEqual(
			new Set(["Radar fixe", "Radar feu rouge", "Radar discriminant", "Radar Vitesse Moyenne", "Radar Passage à Niveau", "Itinéraire"]),
		);
		expect(having((row) => row["type"] === "Radar feu rouge" && row["vitesse_vehicules_legers_kmh"] === "")).toBeGreaterThan(5);
		expect(having((row) => row["type"] === "Radar discriminant" && row["vitesse_poids_lourds_kmh"] !== "")).toBeGreaterThan(5);
		expect(having((row) => row["type"] === "Radar Vitesse Moyenne" && Number(row["longueur_troncon_km"]) > 0)).toBeGreaterThan(2);
		expect(having((row) => row["type"] === "Radar fixe" && row["route"] === "")).toBe(1);
		expect(having((row) => row["route"]?.includes('"') ?? false)).toBeGreaterThan(0);
		expect(having((row) => row["direction"]?.includes(",") ?? false)).toBeGreaterThan(0);
		expect(new Set(rows.map((row) => row["id"])).size).toBe(rows.length);
	});

	it("is in France", () => {
		for (const { latitude, longitude } of rows) {
			expect(Number(latitude)).toBeGreaterThan(41.3);
			expect(Number(latitude)).toBeLessThan(51.1);
			expect(Number(longitude)).toBeGreaterThan(-5);
			expect(Number(longitude)).toBeLessThan(9.6);
		}
	});

	it("gives each site its limits, or none if the file has none", () => {
		const sites = new Map(sitesOf(radarFile).map((site) => [site.id, site]));
		expect(sites.get("990101")).toEqual({ id: "990101", lightKmh: null, heavyKmh: null });
		expect(sites.get("990117")).toEqual({ id: "990117", lightKmh: 130, heavyKmh: 90 });
		expect(sites.get("990138")).toEqual({ id: "990138", lightKmh: 70, heavyKmh: null });
	});
});

describe("a world", () => {
	it("is the same for the same seed, and differs for another one", () => {
		expect(worldOf(radarFile, { seed: 1 })).toEqual(world);
		const other = worldOf(radarFile, { seed: 2 });
		expect(other.vehicles).not.toEqual(world.vehicles);
		expect(other.owners.filter(({ id }) => world.owners.some((owner) => owner.id === id))).toEqual([]);
	});

	it("leaves the same two radars uncommissioned for every seed", () => {
		const { uncalibrated, outOfService } = worldOf(radarFile, { seed: 99 });
		expect([uncalibrated, outOfService]).toEqual([world.uncalibrated, world.outOfService]);
		expect(uncalibrated).not.toBe(outOfService);
	});

	it("has persons and companies, each with a vehicle", () => {
		expect(world.owners).toHaveLength(300);
		expect(world.vehicles).toHaveLength(400);
		const holders = new Set(world.vehicles.map(({ owner }) => owner));
		for (const owner of world.owners) {
			expect(holders.has(owner.id)).toBe(true);
			expect(owner.id).toMatch(/^[A-Za-z0-9._-]{1,64}$/);
			expect(owner.email).toMatch(/^[^@\s]+@example\.org$/);
			if (owner.kind === "person") expect(new Date(owner.birthDate ?? "").toISOString()).toBe(`${owner.birthDate}T00:00:00.000Z`);
			else expect(owner.birthDate).toBeUndefined();
		}
		expect(new Set(world.owners.map(({ kind }) => kind))).toEqual(new Set(["person", "company"]));
	});

	it("has vehicles with unique plates in the spelling of their country", () => {
		for (const { id, plate, country, fiscalPower } of world.vehicles) {
			expect(readPlate(country, plate)).toEqual({ plate, wellFormed: true });
			expect(id).toBe(`${country}-${plate}`);
			expect(id).toMatch(/^[A-Z]{2}-[A-Za-z0-9._-]+$/);
			expect(Number.isInteger(fiscalPower) && fiscalPower >= 1).toBe(true);
		}
		expect(new Set(world.vehicles.map(({ id }) => id)).size).toBe(400);
		expect(new Set(world.vehicles.map(({ type }) => type))).toEqual(new Set(["car", "bus", "truck", "motorcycle"]));
		const french = world.vehicles.filter(({ country }) => country === "FR").length;
		expect([french > 350, french < 395]).toEqual([true, true]);
	});

	it("has an Italian vehicle with the letters of a French one", () => {
		const [first, twin] = world.vehicles;
		expect([first?.country, twin?.country, twin?.plate]).toEqual(["FR", "IT", first?.plate]);
	});

	it("needs a file with three radars that have a limit", () => {
		const few = radarFile.toString().split("\n").slice(0, 13).join("\n");
		expect(() => worldOf(few, { seed: 1 })).toThrow("at least three radars with a limit");
	});
});

describe("plates", () => {
	const random = seeded("plates");
	const many = Array.from({ length: 3_000 }, (_, index) => index);

	it("of France and abroad are well-formed", () => {
		for (const { country, plate } of many.flatMap(() => [frenchPlate(random), foreignPlate(random)]))
			expect(readPlate(country, plate)).toEqual({ plate, wellFormed: true });
	});

	it("read carelessly have another spelling and the same meaning", () => {
		for (const written of many.flatMap(() => [frenchPlate(random), foreignPlate(random)])) {
			const read = carelesslyRead(random, written);
			expect(read.plate).not.toBe(written.plate);
			expect(readPlate(read.country, read.plate)).toEqual({ plate: written.plate, wellFormed: true });
		}
	});

	it("misread are invalid", () => {
		for (const { country, plate } of many.map(() => misread(random)))
			expect([plate, readPlate(country, plate).wellFormed]).toEqual([plate, false]);
	});
});

describe("random numbers", () => {
	it("stay within their bounds and reach both ends", () => {
		const random = seeded("bounds");
		const drawn = new Set(Array.from({ length: 1_000 }, () => random.integer(3, 6)));
		expect([...drawn].toSorted()).toEqual([3, 4, 5, 6]);
	});

	it("follow their weights, never picking an item without weight", () => {
		const random = seeded("weights");
		const pick = byWeight(["never", "once", "thrice"], (_item, rank) => [0, 1, 3][rank] ?? 0);
		const drawn = Array.from({ length: 4_000 }, () => pick(random));
		expect(drawn).not.toContain("never");
		expect(drawn.filter((item) => item === "thrice").length).toBeGreaterThan(2_800);
	});

	it("cannot be picked from an empty list", () => {
		expect(() => seeded("nothing").pick([])).toThrow(RangeError);
	});
});
