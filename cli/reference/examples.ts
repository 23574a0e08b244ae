/**
 * Examples - one request body for each command with a route, all from one story: a radar, a passage, a sale, a case. The page shows them in
 * this order, and a test sends them in it. A command outside the story gets a generated body that its rules accept.
 */
import { openShape, type Rule, type Shape } from "../../model/index.ts";

type Content = Readonly<Record<string, unknown>>;
/** The id in the story, by service. */
const IDS: Readonly<Record<string, string>> = {
	radar: "A6-1",
	detection: "d-1",
	owner: "o-1",
	vehicle: "FR-AB-123-CD",
	infraction: "d-1",
	client: "bank-1",
	user: "u-1",
};
const BODIES: Readonly<Record<string, Content>> = {
	"radar.install": { id: "A6-1", kind: "fixed", latitude: 48.7012, longitude: 2.3714, road: "A6", limits: { lightKmh: 110, heavyKmh: 90 } },
	"radar.describe": { name: "Savigny", direction: "Paris" },
	"radar.relocate": { latitude: 48.7035, longitude: 2.3712, from: "2026-05-01T00:00:00+02:00" },
	"radar.changeLimits": { lightKmh: 90, from: "2026-05-01T00:00:00+02:00" },
	"radar.calibrate": { number: "C-2026-17", validFrom: "2026-01-01T00:00:00Z", validUntil: "2027-01-01T00:00:00Z" },
	"radar.activate": { from: "2026-01-01T00:00:00Z" },
	"radar.deactivate": { reason: "road works", from: "2026-06-01T00:00:00Z" },
	"radar.retire": { reason: "site given up" },
	"detection.record": { id: "d-1", radar: "A6-1", plate: "ab123cd", country: "FR", speedKmh: 140, capturedAt: "2026-03-01T08:15:00+01:00" },
	"owner.register": { id: "o-1", kind: "person", name: "Ada Martin", birthDate: "1980-02-29", email: "ada@example.org" },
	"owner.correct": { address: "1 rue des Lilas, 75020 Paris" },
	"vehicle.register": { plate: "AB-123-CD", country: "FR", type: "car", brand: "Renault", model: "Clio", fiscalPower: 5, owner: "o-1" },
	"vehicle.transfer": { owner: "o-1", from: "2026-02-01T00:00:00Z" },
	"vehicle.correct": { fiscalPower: 6 },
	"vehicle.deregister": { from: "2026-09-01T00:00:00Z" },
	"infraction.cancel": { reason: "stolen vehicle" },
	"client.register": { id: "bank-1", name: "Bank of the agency", roles: ["bank"] },
	"client.revoke": { reason: "the contract has ended" },
	"user.register": {
		id: "u-1",
		login: "ada",
		name: "Ada Martin",
		email: "ada@example.org",
		roles: ["officer"],
		password: "correct horse battery",
	},
	"user.changeRoles": { roles: ["officer", "supervisor"] },
	"user.suspend": { reason: "on leave" },
	"user.resetPassword": { password: "staple correct horse" },
};

export const exampleId = (service: string): string => IDS[service] ?? `${service}-1`;
/** A body that the command accepts; it has `id` only if the route has none. */
export function exampleOf(service: string, name: string, shape: Shape, begins: boolean): Content {
	const known = BODIES[`${service}.${name}`];
	if (known) return known;
	const { id: _id, ...made } = valuesOf(shape);
	return begins ? { id: exampleId(service), ...made } : made;
}

const valuesOf = (shape: Shape): Record<string, unknown> =>
	Object.fromEntries(
		Object.entries(openShape(shape)).flatMap(([name, { rule, shape: inner }]) =>
			rule["optional"] === true ? [] : [[name, inner ? valuesOf(inner) : valueOf(rule)]],
		),
	);
function valueOf({ type, values, min, custom }: Rule): unknown {
	if (Array.isArray(values)) return values[0];
	if (type === "number") return min;
	return custom && min === undefined ? "2026-01-01T00:00:00Z" : "A1";
}
