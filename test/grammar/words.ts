/** Words - the facts and answers that tests are made of: ordinary values, of which each test changes only what matters. */
import { factsOf, type Given } from "../../model/given.ts";
import type { Asks, Instant } from "../../model/index.ts";
import { client, type ClientFacts } from "../../services/identity/client.service.ts";
import { session, type SessionFacts } from "../../services/identity/session.service.ts";
import { user, type UserFacts } from "../../services/identity/user.service.ts";
import { infraction, type InfractionFacts } from "../../services/infraction/infraction.service.ts";
import { intervention, type InterventionFacts } from "../../services/operations/intervention.service.ts";
import { detection, type DetectionFacts, type DiscardReason } from "../../services/radar/detection.service.ts";
import { radar, type RadarFacts } from "../../services/radar/radar.service.ts";
import { owner, type OwnerFacts } from "../../services/registration/owner.service.ts";
import { vehicle, type VehicleFacts } from "../../services/registration/vehicle.service.ts";

// -- Instants: days of 2026 by their number -----------------------------------------
export const day = (count: number): Instant => new Date(Date.UTC(2026, 0, count)).toISOString();
export const later = (instant: Instant, milliseconds: number): Instant => new Date(Date.parse(instant) + milliseconds).toISOString();
export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

// -- Radar ---------------------------------------------------------------------------
const ofRadar = factsOf(radar);
export const installation = { kind: "fixed", latitude: 48.85, longitude: 2.35 } as const;
export const installed = (given: Partial<RadarFacts["radar.installed"]> = {}) =>
	ofRadar("radar.installed", { ...installation, jurisdiction: "FR", limits: { lightKmh: 80 }, from: null, ...given });
export const described = (data: RadarFacts["radar.described"]) => ofRadar("radar.described", data);
export const relocated = (data: RadarFacts["radar.relocated"]) => ofRadar("radar.relocated", data);
export const limited = (data: RadarFacts["radar.limitsChanged"]) => ofRadar("radar.limitsChanged", data);
export const calibrated = (validFrom: Instant, validUntil: Instant, number = "C-1") =>
	ofRadar("radar.calibrated", { number, validFrom, validUntil });
export const activated = (from: Instant) => ofRadar("radar.activated", { from });
export const deactivated = (from: Instant, reason = "works") => ofRadar("radar.deactivated", { from, reason });
export const retired = (from: Instant, reason?: string) => ofRadar("radar.retired", reason === undefined ? { from } : { from, reason });

// -- Detection -----------------------------------------------------------------------
const ofDetection = factsOf(detection);
export const passage = (given: Partial<Given<typeof detection, "record">> = {}): Given<typeof detection, "record"> => ({
	radar: "R1",
	plate: "AB-123-CD",
	country: "FR",
	speedKmh: 100,
	capturedAt: day(10),
	...given,
});
type Enforcement = Asks["radar.enforcementAt"]["answer"];
export const enforcement = (given: Partial<Enforcement> = {}): Enforcement => ({
	kind: "fixed",
	jurisdiction: "FR",
	inService: true,
	certified: true,
	lightKmh: 80,
	heavyKmh: null,
	site: { latitude: 48.85, longitude: 2.35, road: "A1" },
	...given,
});
export const recorded = (given: Partial<DetectionFacts["detection.recorded"]> = {}) =>
	ofDetection("detection.recorded", {
		radar: "R1",
		plate: "AB-123-CD",
		country: "FR",
		vehicleClass: "light",
		speedKmh: 100,
		capturedAt: day(10),
		...given,
	});
export const qualified = (given: Partial<DetectionFacts["detection.qualified"]> = {}) =>
	ofDetection("detection.qualified", {
		radar: "R1",
		limitKmh: 80,
		retainedKmh: 95,
		excessKmh: 15,
		kind: "fixed",
		jurisdiction: "FR",
		site: { latitude: 48.85, longitude: 2.35, road: "A1" },
		...given,
	});
export const discarded = (reason: DiscardReason, measured: Omit<DetectionFacts["detection.discarded"], "reason"> = {}) =>
	ofDetection("detection.discarded", { reason, ...measured });

// -- Registration ----------------------------------------------------------------------
const ofOwner = factsOf(owner);
export const person = { kind: "person", name: "Ada Roux", email: "ada@example.org" } as const;
export const known = (given: Partial<OwnerFacts["owner.registered"]> = {}) => ofOwner("owner.registered", { ...person, ...given });
export const corrected = (data: OwnerFacts["owner.corrected"]) => ofOwner("owner.corrected", data);
export const forgotten = (reason: string) => ofOwner("owner.forgotten", { reason });

const ofVehicle = factsOf(vehicle);
export const car = { type: "car", brand: "Renault", model: "4L", fiscalPower: 4 } as const;
export const registration = { ...car, plate: "AB-123-CD", country: "FR", owner: "ada" } as const;
export const registered = (given: Partial<VehicleFacts["vehicle.registered"]> = {}) =>
	ofVehicle("vehicle.registered", { ...registration, from: null, ...given });
export const transferred = (owner: string, from: Instant) => ofVehicle("vehicle.transferred", { owner, from });
export const revised = (data: VehicleFacts["vehicle.corrected"]) => ofVehicle("vehicle.corrected", data);
export const deregistered = (from: Instant) => ofVehicle("vehicle.deregistered", { from });

// -- Infraction ------------------------------------------------------------------------
const ofInfraction = factsOf(infraction);
export const opening: Given<typeof infraction, "open"> = {
	detection: "D1",
	radar: "R1",
	vehicle: "FR-AB-123-CD",
	plate: "AB-123-CD",
	country: "FR",
	occurredAt: day(10),
	speedKmh: 100,
	retainedKmh: 95,
	limitKmh: 80,
	excessKmh: 15,
	jurisdiction: "FR",
	site: { latitude: 48.85, longitude: 2.35, road: "A1" },
	holder: "ada",
};
const thirdClass = { reducedMinor: 4500, standardMinor: 6800, increasedMinor: 18000, currency: "EUR" } as const;
export const opened = (given: Partial<InfractionFacts["infraction.opened"]> = {}) => {
	const { id: _id, ...evidence } = opening;
	return ofInfraction("infraction.opened", { ...evidence, class: 3, amounts: thirdClass, points: 1, pack: "FR@2025-12-29", ...given });
};
export const identified = (holder: string, basis = "registration:0:1") => ofInfraction("infraction.identified", { holder, basis });
export const reassigned = (holder: string | null, basis = "registration:0:2") => ofInfraction("infraction.reassigned", { holder, basis });
export const cancelled = (reason = "emergency vehicle") => ofInfraction("infraction.cancelled", { reason });

// -- Operations ------------------------------------------------------------------------
export const droppedWork: InterventionFacts["intervention.dropped"] = {
	process: "case-opening",
	work: "d-1",
	command: "case-opening/subject/d-1/open",
	action: "infraction.open",
	code: "INFRACTION_ALREADY_EXISTS",
	detail: "There is a infraction d-1 with other content",
	attempts: 1,
	reason: "opened by hand",
};
export const dropped = factsOf(intervention)("intervention.dropped", droppedWork);

// -- Identity ----------------------------------------------------------------------------
const ofUser = factsOf(user);
export const officer = { login: "bob", name: "Bob Petit", email: "bob@example.org", roles: ["officer"] } as const;
export const enrolled = (given: Partial<UserFacts["user.registered"]> = {}) => ofUser("user.registered", { ...officer, ...given });
export const suspended = (reason = "leave") => ofUser("user.suspended", { reason });
export const reinstated = ofUser("user.reinstated", {});
export const passwordReset = (secret: string) => ofUser("user.passwordReset", { secret });
export const promoted = (...roles: UserFacts["user.rolesChanged"]["roles"]) => ofUser("user.rolesChanged", { roles });

const ofClient = factsOf(client);
export const secretDigest = (letter: string): string => letter.repeat(43);
export const machine = { name: "Bank", roles: ["bank"] } as const;
export const admitted = (given: Partial<ClientFacts["client.registered"]> = {}) =>
	ofClient("client.registered", { ...machine, secret: secretDigest("a"), ...given });
export const rotated = (secret: string) => ofClient("client.rotated", { secret });
export const revoked = (reason = "stolen") => ofClient("client.revoked", { reason });
export const established = (secret: string) => ofClient("client.established", { name: "Bootstrap", roles: ["administrator"], secret });

const ofSession = factsOf(session);
export const sessionOpened = (given: Partial<SessionFacts["session.opened"]> = {}) =>
	ofSession("session.opened", { user: "bob", epoch: 0, from: day(1), until: day(2), ...given });
export const sessionUsed = (at: Instant) => ofSession("session.used", { at });
export const sessionEnded = ofSession("session.ended", {});
