/** World - the sites, owners and vehicles of the demo: the sites come from a radar file, the rest from a seed. */
import { parse } from "csv-parse/sync";
import { foreignPlate, frenchPlate, italianTwinOf, type Plate } from "./plates.ts";
import { type Random, seeded } from "./random.ts";

/** A radar as described in the file; km/h, null if the file gives no limit. */
export interface Site {
	readonly id: string;
	readonly lightKmh: number | null;
	readonly heavyKmh: number | null;
}
export interface Owner {
	readonly id: string;
	readonly kind: "person" | "company";
	readonly name: string;
	readonly birthDate?: string;
	readonly nationalId?: string;
	readonly email: string;
	readonly phone: string;
	readonly address: string;
}
export interface Vehicle extends Plate {
	readonly id: string;
	readonly type: "car" | "bus" | "truck" | "motorcycle";
	readonly brand: string;
	readonly model: string;
	readonly fiscalPower: number;
	/** Id of the holder at the beginning of the day. */
	readonly owner: string;
}
export interface World {
	readonly sites: readonly Site[];
	/** The sites whose radars are not calibrated and not activated: their captures are not evidence. */
	readonly uncalibrated: string;
	readonly outOfService: string;
	readonly owners: readonly Owner[];
	readonly vehicles: readonly Vehicle[];
}
export interface WorldSize {
	readonly seed: number;
	readonly owners?: number;
	readonly vehicles?: number;
}

/** Throws an Error if the file has fewer than three radars with a limit, because two of them stay uncommissioned. */
export function worldOf(csv: string | Buffer, { seed, owners: ownerCount = 300, vehicles: vehicleCount = 400 }: WorldSize): World {
	const random = seeded(`world ${seed}`);
	const sites = sitesOf(csv);
	// Chosen by their place in the file and not by the seed, so that another seed on the same data chooses the same ones.
	const [outOfService, uncalibrated, first] = sites.filter(({ lightKmh }) => lightKmh !== null).toReversed();
	if (!outOfService || !uncalibrated || !first) throw new Error("the demo needs a file of at least three radars with a limit");
	const owners = Array.from({ length: ownerCount }, (_, index) =>
		ownerOf(random, `owner-${seed}-${String(index + 1).padStart(4, "0")}`, index),
	);
	return {
		sites,
		uncalibrated: uncalibrated.id,
		outOfService: outOfService.id,
		owners,
		vehicles: vehiclesOf(random, owners, vehicleCount),
	};
}

/** The columns of the French radar file that the traffic depends on. */
export function sitesOf(csv: string | Buffer): Site[] {
	const rows: Record<string, string>[] = parse(csv, { columns: true, bom: true, trim: true, skip_empty_lines: true });
	const limit = (text: string | undefined): number | null => (text ? Number(text) : null);
	return rows.map((row) => ({
		id: row["id"] ?? "",
		lightKmh: limit(row["vitesse_vehicules_legers_kmh"]),
		heavyKmh: limit(row["vitesse_poids_lourds_kmh"]),
	}));
}

const firstNames =
	"Adèle Aymeric Bérénice Célestin Domitille Émile Gaspard Hermine Isaure Léopold Mahaut Nestor Odile Rosalie Ulysse Zélie".split(" ");
const lastNames =
	"Bellefontaine Clairvaux Estourbeil Grandclos Hautecœur Kervalan Montfaucon Noirterre Quatrebarbes Sombreval Zinzolin".split(" ");
const trades = "Transports Location Taxis Boulangerie Messagerie Ambulances Maçonnerie Autocars".split(" ");
const towns = ["Valmorne", "Pont-sur-Brume", "Rochefleur", "Grandveau", "Saint-Ormin", "Belleclaire"];

function ownerOf(random: Random, id: string, index: number): Owner {
	const lastName = random.pick(lastNames);
	const number = String(index).padStart(4, "0");
	const address = `${random.integer(1, 120)} rue des Peupliers, 00${random.integer(100, 999)} ${random.pick(towns)}`;
	// Phone numbers from the block reserved for fiction, e-mail addresses from the domain reserved for examples.
	const reachable = { email: `${id}@example.org`, phone: `+33 6 39 98 ${number.slice(-4, -2)} ${number.slice(-2)}`, address };
	if (random.chance(0.2)) return { id, kind: "company", name: `${random.pick(trades)} ${lastName} SARL`, ...reachable };
	const birthDate = `${random.integer(1940, 2004)}-${two(random.integer(1, 12))}-${two(random.integer(1, 28))}`;
	return { id, kind: "person", name: `${random.pick(firstNames)} ${lastName}`, birthDate, nationalId: `FICTIF-${number}`, ...reachable };
}

const models: Readonly<Record<Vehicle["type"], readonly (readonly [brand: string, model: string])[]>> = {
	car: [
		["Renault", "Clio"],
		["Peugeot", "208"],
		["Citroën", "C3"],
		["Dacia", "Sandero"],
		["Volkswagen", "Golf"],
		["Toyota", "Yaris"],
		["Fiat", "500"],
		["Tesla", "Model 3"],
	],
	motorcycle: [
		["Yamaha", "MT-07"],
		["BMW", "R 1250 GS"],
		["Honda", "CB500F"],
	],
	bus: [
		["Iveco", "Crossway"],
		["Setra", "S 515"],
	],
	truck: [
		["Renault Trucks", "T 480"],
		["DAF", "XF"],
		["Scania", "R 450"],
	],
};
const fiscalPowers: Readonly<Record<Vehicle["type"], readonly [from: number, to: number]>> = {
	car: [3, 14],
	motorcycle: [1, 9],
	bus: [15, 40],
	truck: [20, 60],
};

function vehiclesOf(random: Random, owners: readonly Owner[], count: number): Vehicle[] {
	const vehicles = new Map<string, Vehicle>();
	const register = (plate: Plate): void => {
		const id = `${plate.country}-${plate.plate}`;
		// Every owner gets a vehicle before any owner gets a second one.
		if (vehicles.size < count && !vehicles.has(id))
			vehicles.set(id, vehicleOf(random, { id, ...plate }, owners[vehicles.size] ?? random.pick(owners)));
	};
	const first = frenchPlate(random);
	register(first);
	register(italianTwinOf(first));
	while (vehicles.size < count) register(random.chance(0.06) ? foreignPlate(random) : frenchPlate(random));
	return [...vehicles.values()];
}

function vehicleOf(random: Random, plate: Plate & { id: string }, owner: Owner): Vehicle {
	const dice = random.next();
	const heavy = owner.kind === "company" ? 0.4 : 0.03;
	const type = dice < heavy / 4 ? "bus" : dice < heavy ? "truck" : dice > 0.92 ? "motorcycle" : "car";
	const [brand, model] = random.pick(models[type]);
	return { ...plate, type, brand, model, fiscalPower: random.integer(...fiscalPowers[type]), owner: owner.id };
}

const two = (number: number): string => String(number).padStart(2, "0");
